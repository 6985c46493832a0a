import { beforeEach, describe, expect, test } from "vitest";
import { createAwsCaller } from "../../../src/aws/call/aws-call.ts";
import { CallLimiter } from "../../../src/aws/call/call-limiter.ts";
import { RetryableError, ThrottledError } from "../../../src/errors.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const SUBJECT = { service: "IAM", operation: "ListRoles", entity: "the account's roles" } as const;
const RATES = { readsPerSecond: 10, writesPerSecond: 10 };

let clock: FakeClock;
let sentAtMs: number[];
beforeEach(() => {
  clock = new FakeClock();
  sentAtMs = [];
});

const failure = (retryAfterMs?: number): Error =>
  new RetryableError("HTTP 500", { reason: "ServiceFailure", ...(retryAfterMs !== undefined && { retryAfterMs }) });

/** Sends a call that AWS answers by these errors, and then as asked. Notes when it was sent, from the start. */
function send(errors: readonly Error[], { isRead = true, signal = new AbortController().signal } = {}) {
  const startMs = clock.monotonicMs();
  const left = [...errors];
  const call = createAwsCaller({ clock, limiter: new CallLimiter(clock, RATES) }, "routine");
  const answer = async (): Promise<string> => {
    sentAtMs.push(clock.monotonicMs() - startMs);
    const error = left.shift();
    if (error !== undefined) throw error;
    return "answer";
  };
  const sent = call({ ...SUBJECT, isRead, resendAfterMs: [1_000, 4_000], send: answer }, signal);
  return sent.catch((error: Error) => error.message);
}

describe("a call with delays for resends", () => {
  test("is sent again after each of them while AWS fails", async () => {
    const result = send([failure(), failure()]);
    await clock.advance(10_000);
    expect([await result, sentAtMs]).toEqual(["answer", [0, 1_000, 5_000]]);
  });

  test("waits as long as AWS asks for, but not for more than ten seconds", async () => {
    const patient = send([failure(8_000)]);
    await clock.advance(10_000);
    expect([await patient, sentAtMs]).toEqual(["answer", [0, 8_000]]);
    sentAtMs = [];
    const asked = send([failure(60_000)]);
    await clock.advance(100_000);
    expect([await asked, sentAtMs]).toEqual(["HTTP 500", [0]]);
  });

  test("is sent once if it is a write, which may have been carried out", async () => {
    const result = send([failure()], { isRead: false });
    await clock.advance(10_000);
    expect([await result, sentAtMs]).toEqual(["HTTP 500", [0]]);
  });

  test("is not sent after an abort during a delay, and leaves no timer behind", async () => {
    const abort = new AbortController();
    const result = send([failure()], { signal: abort.signal });
    await clock.advance(500);
    abort.abort(new Error("shutting down"));
    await clock.advance(10_000);
    expect([await result, sentAtMs, clock.timerCount]).toEqual(["shutting down", [0], 0]);
  });

  test("keeps its resends for failures when AWS throttles it in between", async () => {
    const throttled = new ThrottledError("Rate exceeded", { reason: "Throttled" });
    const result = send([failure(), throttled, failure(), throttled]);
    await clock.advance(60_000);
    expect(await result).toBe("answer");
    expect(sentAtMs).toHaveLength(5);
  });
});
