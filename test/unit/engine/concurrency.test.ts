import { beforeEach, describe, expect, test } from "vitest";
import { KeyedMutex, SharedRequest } from "../../../src/engine/concurrency.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

let shared: SharedRequest<string>;
let signals: AbortSignal[];
let reply: PromiseWithResolvers<string>;
beforeEach(() => {
  shared = new SharedRequest();
  signals = [];
  reply = Promise.withResolvers();
});

/** As a request to AWS: ends with the reason of its signal when that aborts. */
function request(signal: AbortSignal): Promise<string> {
  signals.push(signal);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([reply.promise, aborted]);
}

test("callers at the same time share one request, and the next caller starts another", async () => {
  const { signal } = new AbortController();
  const both = Promise.all([shared.join(request, signal), shared.join(request, signal)]);
  reply.resolve("it");
  expect(await both).toEqual(["it", "it"]);
  await shared.join(request, signal);
  expect(signals).toHaveLength(2);
});

test("a caller that is aborted goes alone: the others get the reply", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = expect(shared.join(request, first.signal)).rejects.toThrow("gone");
  const stays = shared.join(request, second.signal);
  first.abort(new Error("gone"));
  await gone;
  reply.resolve("it");
  expect(await stays).toBe("it");
});

test("the request is aborted with the last caller, and a later caller starts another", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const both = [first, second].map(({ signal }) => expect(shared.join(request, signal)).rejects.toThrow("gone"));
  first.abort(new Error("gone"));
  expect(signals[0]?.aborted).toBe(false);
  second.abort(new Error("gone"));
  await Promise.all(both);
  expect(signals[0]?.aborted).toBe(true);
  reply.resolve("it");
  expect(await shared.join(request, new AbortController().signal)).toBe("it");
});

test("a failure reaches every caller, and is not kept", async () => {
  const { signal } = new AbortController();
  const both = [1, 2].map(() => expect(shared.join(request, signal)).rejects.toThrow("refused"));
  reply.reject(new Error("refused"));
  await Promise.all(both);
  expect(shared.isRunning).toBe(false);
});

describe("work that shares a name", () => {
  test("runs one after the other, in the order of the calls", async () => {
    const exclusive = new KeyedMutex();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    await Promise.all([exclusive.run(["a", "b"], work("1")), exclusive.run(["b", "c"], work("2"))]);
    expect(log).toEqual(["1 begins", "1 ends", "2 begins", "2 ends"]);
  });

  test("never deadlocks, and leaves nothing behind", async () => {
    const exclusive = new KeyedMutex();
    const names = [["a", "b"], ["b", "a"], ["a", "a"], ["b"]];
    const done = await Promise.all(names.map((some, i) => exclusive.run(some, async () => i)));
    expect(done).toEqual([0, 1, 2, 3]);
    expect(exclusive.size).toBe(0);
  });

  test("runs one by one, also when the first of three has ended", async () => {
    const exclusive = new KeyedMutex();
    let [inside, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      for (let i = 0; i < 5; i++) await Promise.resolve();
      inside--;
    };
    const [first, second] = [exclusive.run(["a"], work), exclusive.run(["a"], work)];
    await first;
    await Promise.all([second, exclusive.run(["a"], work)]);
    expect(most).toBe(1);
    await exclusive.run(["b"], work);
    expect(exclusive.size).toBe(0);
  });

  test("continues when the work before it failed", async () => {
    const exclusive = new KeyedMutex();
    const failing = exclusive.run(["a"], async () => Promise.reject(new Error("no")));
    const next = exclusive.run(["a"], async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });

  test("does not delay work with other names", async () => {
    const exclusive = new KeyedMutex();
    const never = exclusive.run(["a"], () => new Promise<void>(() => {}));
    expect(await Promise.race([never, exclusive.run(["b"], async () => "b")])).toBe("b");
  });
});

test("of two objects that may adopt the same role at the same time, one adopts it and the other writes nothing", async () => {
  const iam = new FakeIam();
  iam.outsiderMakesRole("app");
  const recentWrites = new RecentWrites({ windowMs: 120_000, monotonicMs: () => 0 });
  const deps = convergeDependencies(iam, { recentWrites });
  const signal = new AbortController().signal;
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) =>
      converge(desiredOf({ adoptionPolicy: "IfExists" }, { name, uid: `uid-${name}` }), deps, signal),
    ),
  );
  expect(first?.plan.blockers).toEqual([]);
  expect(second?.plan.blockers.map(({ reason }) => reason)).toEqual(["OwnedByAnother"]);
  expect(second?.report.applied).toEqual([]);
  expect(iam.role("app")?.tags["iam.instanceprofile.dev/name"]).toBe("first");
});
