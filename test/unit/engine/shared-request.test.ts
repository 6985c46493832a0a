import { beforeEach, expect, test } from "vitest";
import { SharedRequest } from "../../../src/engine/concurrency.ts";

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
