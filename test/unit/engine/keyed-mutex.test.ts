import { describe, expect, test } from "vitest";
import { KeyedMutex } from "../../../src/engine/concurrency.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

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
