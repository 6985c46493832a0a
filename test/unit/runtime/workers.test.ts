import { expect, test } from "vitest";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { type Reconcile, type RunResult, Workers } from "../../../src/runtime/queue/workers.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

function setUp(reconcile: Reconcile, concurrency = 1) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) });
  const results: [string, RunResult][] = [];
  let runs = 0;
  const workers = new Workers({
    queue,
    reconcile,
    clock,
    logger,
    newReconcileId: () => `run-${++runs}`,
    concurrency,
    observer: { runEnded: (key, result) => results.push([key, result]) },
  });
  workers.start();
  return { clock, logger, queue, results, workers };
}

/** Waits for the signal like a call that is aborted by it. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

test("runs each key and is done with it", async () => {
  const seen: string[] = [];
  const { clock, queue, results } = setUp(async (key) => {
    seen.push(key);
    return { kind: "done" };
  });
  queue.add("ns/a");
  queue.add("ns/b");
  await clock.advance(3_600_000);
  expect(seen).toEqual(["ns/a", "ns/b"]);
  expect(results).toEqual([
    ["ns/a", "done"],
    ["ns/b", "done"],
  ]);
});

test("looks again after the time the run asked for, without counting a failure", async () => {
  const startsMs: number[] = [];
  const { clock, queue } = setUp(async () => {
    startsMs.push(clock.monotonicMs());
    return { kind: "after", delayMs: 60_000 };
  });
  queue.add("a");
  await clock.advance(180_000);
  expect(startsMs).toEqual([0, 60_000, 120_000, 180_000]);
  expect(queue.failuresOf("a")).toBe(0);
});

test("keeps a key's priority for its next run, unless the run asks for another", async () => {
  const priorities: number[] = [];
  const { clock, queue } = setUp(async (_key, _signal, run) => {
    priorities.push(run.priority);
    return { kind: "after", delayMs: 1_000, ...(priorities.length === 2 && { priority: -100 }) };
  });
  queue.add("a", { priority: 5 });
  await clock.advance(3_000);
  expect(priorities).toEqual([5, 5, -100, -100]);
});

test("backs off a key that fails again and again, and forgets when it succeeds", async () => {
  const startsMs: number[] = [];
  const { clock, queue } = setUp(async (_key, _signal, run) => {
    startsMs.push(clock.monotonicMs());
    return run.failures < 3 ? { kind: "backoff" } : { kind: "done" };
  });
  queue.add("a");
  await clock.advance(60_000);
  expect(startsMs).toEqual([0, 1_000, 3_000, 7_000]);
  expect(queue.failuresOf("a")).toBe(0);
});

test("survives a run that throws, says so in the log, and tries again later", async () => {
  let runs = 0;
  const { clock, logger, queue, results } = setUp(async () => {
    runs += 1;
    if (runs === 1) throw new Error("a bug");
    return { kind: "done" };
  });
  queue.add("a");
  await clock.advance(1_000);
  expect(results).toEqual([
    ["a", "failed"],
    ["a", "done"],
  ]);
  expect(logger.lines.filter((line) => line.level === "error")).toMatchObject([
    { fields: { key: "a", reconcileID: "run-1", err: expect.objectContaining({ message: "a bug" }) } },
  ]);
});

test("gives each run its own id in its log", async () => {
  const { clock, logger, queue } = setUp(async (_key, _signal, run) => {
    run.logger.info("hello", { same: run.reconcileId });
    return { kind: "done" };
  });
  queue.add("a");
  queue.add("b");
  await clock.advance(0);
  expect(logger.lines.map((line) => line.fields)).toEqual([
    { key: "a", reconcileID: "run-1", same: "run-1" },
    { key: "b", reconcileID: "run-2", same: "run-2" },
  ]);
});

test("never runs one key twice at once, and works on different keys at the same time", async () => {
  const running = new Set<string>();
  let most = 0;
  const { clock, queue } = setUp(async (key) => {
    expect(running).not.toContain(key);
    running.add(key);
    most = Math.max(most, running.size);
    await clock.sleep(100);
    running.delete(key);
    return { kind: "done" };
  }, 3);
  for (let i = 0; i < 50; i++) {
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await clock.advance(10);
  }
  expect(most).toBe(3);
});

test("cuts a run that takes more than two minutes and tries the key again", async () => {
  const { clock, queue, results } = setUp(async (_key, signal) => untilAborted(signal));
  queue.add("a");
  await clock.advance(119_999);
  expect(results).toEqual([]);
  await clock.advance(1);
  expect(results).toEqual([["a", "timedOut"]]);
  expect(queue.failuresOf("a")).toBe(1);
});

test("holds the key of a run that ignores its time-out, so that nobody else works on it", async () => {
  const { clock, queue } = setUp(() => new Promise(() => {}), 2);
  queue.add("a");
  await clock.advance(121_000);
  queue.add("a");
  await clock.advance(1_000);
  expect(queue.running()).toEqual([{ key: "a", workedMs: 122_000 }]);
});

test("lets running keys finish when it stops, and takes no others", async () => {
  const finished: string[] = [];
  const { clock, queue, workers } = setUp(async (key) => {
    await clock.sleep(5_000);
    finished.push(key);
    return { kind: "done" };
  });
  queue.add("a");
  queue.add("b");
  await settle();
  const stopped = workers.stop(20_000);
  await clock.advance(5_000);
  expect(await stopped).toBe(true);
  await clock.advance(60_000);
  expect(finished).toEqual(["a"]);
  expect(clock.timerCount).toBe(0);
});

test("aborts what still runs when the time to drain is over", async () => {
  const { clock, logger, queue, results, workers } = setUp(async (_key, signal) => untilAborted(signal));
  queue.add("a");
  await settle();
  const stopped = workers.stop(20_000);
  await clock.advance(20_000);
  expect(await stopped).toBe(true);
  expect(results).toEqual([["a", "abandoned"]]);
  expect(logger.lines).toEqual([]);
});

test("leaves behind a run that ignores its signal, and says so", async () => {
  const { clock, queue, workers } = setUp(() => new Promise(() => {}));
  queue.add("a");
  await settle();
  const stopped = workers.stop(20_000);
  await clock.advance(21_000);
  expect(await stopped).toBe(false);
});

test("stops once, however often it is asked, and does not start again", async () => {
  const { clock, queue, results, workers } = setUp(async () => ({ kind: "done" }));
  expect(await Promise.all([workers.stop(1_000), workers.stop(1_000)])).toEqual([true, true]);
  workers.start();
  queue.add("a");
  await clock.advance(1_000);
  expect(results).toEqual([]);
});
