import { beforeEach, describe, expect, test } from "vitest";
import { createAwsCaller } from "../../../src/aws/call/aws-call.ts";
import { type CallClass, CallLimiter } from "../../../src/aws/call/call-limiter.ts";
import { URGENCIES, type Urgency } from "../../../src/engine/ports.ts";
import { ThrottledError } from "../../../src/errors.ts";
import { TokenBuckets } from "../../../src/sandbox/aws/throttle.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

const READ: CallClass = { service: "IAM", kind: "read" };
const WRITE: CallClass = { service: "IAM", kind: "write" };
const PATIENT = 1_000_000;
const { signal } = new AbortController();

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

describe("the turns", () => {
  let limiter: CallLimiter;
  let order: string[];
  beforeEach(async () => {
    limiter = new CallLimiter(clock, { readsPerSecond: 1, writesPerSecond: 1 });
    order = [];
    await Promise.all([limiter.acquire(READ, "change", 0, signal), limiter.acquire(READ, "change", 0, signal)]);
  });

  function waitFor(name: string, urgency: Urgency, of: CallClass = READ): void {
    void limiter.acquire(of, urgency, PATIENT, signal).then(() => order.push(name));
  }

  test("come one by one, at the rate", async () => {
    for (const name of ["a", "b", "c"]) waitFor(name, "change");
    await clock.advance(2_000);
    expect(order).toEqual(["a", "b"]);
    await clock.advance(1_000);
    expect(order).toEqual(["a", "b", "c"]);
  });

  test("come first to what a person waits for, however long a scan has waited", async () => {
    waitFor("scan", "routine");
    await clock.advance(900);
    waitFor("edit", "change");
    await clock.advance(2_000);
    expect(order).toEqual(["edit", "scan"]);
  });

  test("come by urgency: narrowing edits, other changes, what comes in bulk, and scans last", async () => {
    for (const urgency of URGENCIES.toReversed()) waitFor(urgency, urgency);
    await clock.advance(4_000);
    expect(order).toEqual(URGENCIES);
  });

  test("come once in five times to what has waited longest, so that changes without end starve nothing", async () => {
    waitFor("scan", "routine");
    await clock.advance(1);
    for (let i = 0; i < 9; i += 1) waitFor(`edit-${i}`, "change");
    await clock.advance(5_000);
    expect(order).toEqual(["edit-0", "edit-1", "edit-2", "edit-3", "scan"]);
  });

  test("are not taken out of order by who comes when a token has just come", async () => {
    waitFor("first", "change");
    await clock.advance(999);
    waitFor("second", "change");
    await clock.advance(1);
    expect(order).toEqual(["first"]);
  });

  test("of reads and writes, and of other services, do not wait for each other", async () => {
    waitFor("read", "change");
    waitFor("write", "change", WRITE);
    waitFor("ec2", "change", { service: "STS", kind: "read" });
    await settle();
    expect(order).toEqual(["write", "ec2"]);
  });

  test("end at once with the signal's reason when it aborts, and leave nothing behind", async () => {
    const abort = new AbortController();
    const turn = limiter.acquire(READ, "change", PATIENT, abort.signal);
    const reason = new Error("shutting down");
    abort.abort(reason);
    await expect(turn).rejects.toBe(reason);
    expect(limiter.state()[0]?.waiting).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  test("that do not come within the patience are given up, and hold nobody up", async () => {
    const impatient = limiter.acquire(READ, "change", 500, signal);
    waitFor("patient", "change");
    await clock.advance(500);
    expect(await impatient).toBe(false);
    await clock.advance(500);
    expect(order).toEqual(["patient"]);
  });
});

describe("calls to an AWS that throttles", () => {
  /** Calls through a limiter, to an AWS with buckets of its own. */
  function aws(rates: { readonly ours: number; readonly theirs: number; readonly burst: number }) {
    const buckets = new TokenBuckets(() => clock.monotonicMs());
    const limiter = new CallLimiter(clock, { readsPerSecond: rates.ours, writesPerSecond: rates.ours });
    const count = { carriedOut: 0, throttled: 0 };
    const send = async (): Promise<void> => {
      if (buckets.take("all", { ratePerSecond: rates.theirs, burst: rates.burst })) count.carriedOut += 1;
      else {
        count.throttled += 1;
        throw new ThrottledError("Throttling: Rate exceeded", { reason: "Throttled" });
      }
    };
    const call = createAwsCaller({ clock, limiter }, "change");
    const subject = { service: "IAM", operation: "CreateRole", entity: "role app" } as const;
    return { count, limiter, once: (isRead = false) => call({ ...subject, isRead, send }, signal) };
  }

  test("get four fifths of what it allows, and none of them fails", async () => {
    const { count, once } = aws({ ours: 50, theirs: 10, burst: 10 });
    let left = 1_000;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await once();
    };
    const all = Promise.all(Array.from({ length: 10 }, worker));
    const allowedMs = (1_000 / 10) * 1_000;
    await clock.advance(allowedMs / 0.8);
    expect(count.carriedOut).toBe(1_000);
    await all;
    expect(count.throttled).toBeLessThan(200);
  });

  test("are not starved by a burst that is smaller than the calls of one pass", async () => {
    const { count, once } = aws({ ours: 10, theirs: 1, burst: 1 });
    const pass = Promise.all([once(true), once(true)]).then(() => Promise.all([once(true), once(true), once(true)]));
    await clock.advance(20_000);
    await pass;
    expect(count.carriedOut).toBe(5);
  });

  test("give up with AWS's words when it lasts, and are not sent in the meantime more often than it takes to notice", async () => {
    const { count, once } = aws({ ours: 10, theirs: 0.000_001, burst: 0 });
    const failed = expect(once()).rejects.toThrow("Throttling: Rate exceeded");
    await clock.advance(31_000);
    await failed;
    expect(count.throttled).toBeLessThan(30);
    expect(clock.timerCount).toBe(0);
  });

  test("report the configured rate limit in a stable message", async () => {
    const { once } = aws({ ours: 0.001, theirs: 1_000, burst: 1_000 });
    await once();
    const failed = expect(once()).rejects.toMatchObject({
      disposition: "throttled",
      reason: "Throttled",
      message:
        "CreateRole on role app: the write waited too long for the rate limit of IAM requests. The controller retries. " +
        "If AWS does not throttle, raise --iam-write-qps.",
    });
    await clock.advance(30_000);
    await failed;
  });
});

describe("a write whose turn was long in coming", () => {
  test("is not sent when the process may write no longer; a read is", async () => {
    const limiter = new CallLimiter(clock, { readsPerSecond: 1, writesPerSecond: 1 });
    const sent: string[] = [];
    let leads = true;
    const assertMayWrite = (): void => {
      if (!leads) throw new Error("not leading");
    };
    const call = createAwsCaller({ clock, limiter, assertMayWrite }, "change");
    const send = (operation: string, isRead: boolean): Promise<void> =>
      call({ service: "IAM", operation, entity: "x", isRead, send: async () => void sent.push(operation) }, signal);
    for (let i = 0; i < 2; i += 1) await send("DeleteRole", false);
    const late = expect(send("DeleteRole", false)).rejects.toThrow("not leading");
    leads = false;
    await clock.advance(1_000);
    await late;
    await send("GetRole", true);
    expect(sent).toEqual(["DeleteRole", "DeleteRole", "GetRole"]);
  });
});
