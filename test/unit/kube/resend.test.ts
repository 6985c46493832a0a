import { expect, test } from "vitest";
import type { KubeRequest, KubeResponse } from "../../../src/kube/exchange.ts";
import { resendOnRetryAfter } from "../../../src/kube/resend.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function refused(statusCode: number, retryAfterMs?: number): KubeResponse {
  return { kind: "json", statusCode, body: {}, retryAfterMs };
}

const DONE: KubeResponse = { kind: "json", statusCode: 200, body: {}, retryAfterMs: undefined };
const PATCH: Omit<KubeRequest, "signal"> = { method: "PATCH", path: "/x", lane: "api" };

/** Sends a request to a server that gives these answers, the last one for ever. */
function sent(answers: readonly KubeResponse[], request: Partial<KubeRequest> = {}, mayResendWrites = () => true) {
  const clock = new FakeClock();
  const sentAtMs: number[] = [];
  const resent: string[] = [];
  const exchange = resendOnRetryAfter(
    async () => {
      const answer = answers[Math.min(sentAtMs.length, answers.length - 1)];
      sentAtMs.push(clock.monotonicMs());
      return answer ?? DONE;
    },
    { clock, onResend: ({ method }, code) => resent.push(`${method} ${code}`), mayResendWrites },
  );
  const seen: { code?: number; error?: unknown } = {};
  exchange({ ...PATCH, signal: new AbortController().signal, ...request }).then(
    ({ statusCode }) => {
      seen.code = statusCode;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return { clock, sentAtMs, resent, seen };
}

test("a write that was refused for want of capacity is sent again when the server says", async () => {
  const { clock, sentAtMs, resent, seen } = sent([refused(429, 3_000), DONE]);
  await clock.advance(2_999);
  expect(seen.code).toBeUndefined();
  await clock.advance(1);
  expect([sentAtMs, seen.code, resent]).toEqual([[0, 3_000], 200, ["PATCH 429"]]);
});

test("a write that was refused is not sent again by a process that has lost the lease meanwhile", async () => {
  const { clock, sentAtMs, seen } = sent([refused(429, 1_000), DONE], {}, () => clock.monotonicMs() < 1_000);
  await clock.advance(60_000);
  expect([sentAtMs, seen.code]).toEqual([[0], 429]);
  const read = sent([refused(429, 1_000), DONE], { method: "GET" }, () => false);
  await read.clock.advance(1_000);
  expect(read.seen.code).toBe(200);
});

test("a server that asks for no pause to speak of is left alone for a second", async () => {
  const { clock, sentAtMs } = sent([refused(429, 0), DONE]);
  await clock.advance(10_000);
  expect(sentAtMs).toEqual([0, 1_000]);
});

test("five refusals are an answer", async () => {
  const { clock, sentAtMs, seen } = sent([refused(429, 1_000)]);
  await clock.advance(60_000);
  expect([sentAtMs, seen.code]).toEqual([[0, 1_000, 2_000, 3_000, 4_000], 429]);
});

test("a read is sent again after 503, too", async () => {
  const { clock, seen } = sent([refused(503, 1_000), DONE], { method: "GET" });
  await clock.advance(1_000);
  expect(seen.code).toBe(200);
});

test.each<[string, KubeResponse, Partial<KubeRequest>]>([
  ["a write after 503, which may have been carried out", refused(503, 1_000), {}],
  ["a refusal that names no time", refused(429), {}],
  ["a refusal that names a long time", refused(429, 60_000), {}],
  ["a refusal that time does not change", refused(403, 1_000), {}],
  ["a request for the lease", refused(429, 1_000), { lane: "lease" }],
  ["a watch", refused(429, 1_000), { lane: "watch", method: "GET" }],
])("%s is left to whoever asked", async (_what, answer, request) => {
  const { clock, sentAtMs, seen } = sent([answer, DONE], request);
  await clock.advance(120_000);
  expect([sentAtMs, seen.code]).toEqual([[0], (answer as { statusCode: number }).statusCode]);
});

test("whoever no longer wants the answer does not wait for it", async () => {
  const abort = new AbortController();
  const { clock, sentAtMs, seen } = sent([refused(429, 5_000), DONE], { signal: abort.signal });
  await clock.advance(1_000);
  const reason = new Error("shutdown");
  abort.abort(reason);
  await clock.advance(60_000);
  expect([sentAtMs, seen.error]).toEqual([[0], reason]);
});
