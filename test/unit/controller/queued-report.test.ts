import { beforeEach, expect, test } from "vitest";
import { QueuedReport } from "../../../src/controller/reconcile/queued-report.ts";
import { priorityOf } from "../../../src/controller/urgency.ts";
import { ConflictError } from "../../../src/errors.ts";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const CREATION = { priority: priorityOf("creation") };

let clock: FakeClock;
let queue: WorkQueue;
let report: QueuedReport;
let reported: string[];
let unreportedSinceMs: number | undefined;
let write: (key: string) => Promise<void>;
beforeEach(() => {
  clock = new FakeClock();
  queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) });
  reported = [];
  unreportedSinceMs = undefined;
  write = async (key) => void reported.push(key);
  report = new QueuedReport({
    queue,
    unreportedSinceMs: () => unreportedSinceMs,
    report: (key) => write(key),
    clock,
    logger: new RecordingLogger(),
  });
  report.start();
});

test("objects that a user waits for are reported within 45 s, and resyncs are not", async () => {
  queue.add("a/new", CREATION);
  queue.add("a/edited");
  queue.add("a/resync", { priority: priorityOf("resync") });
  await clock.advance(29_000);
  expect(reported).toEqual([]);
  await clock.advance(16_000);
  expect(new Set(reported)).toEqual(new Set(["a/new", "a/edited"]));
});

test("an object that a worker has is reported if it has no status for 30 s", async () => {
  unreportedSinceMs = clock.nowMs();
  queue.add("a/new", CREATION);
  await queue.get();
  await clock.advance(29_000);
  expect(reported).toEqual([]);
  await clock.advance(1_000);
  expect(reported).toEqual(["a/new"]);
});

test("an object with a status that a worker has is not reported", async () => {
  queue.add("a/new", CREATION);
  await queue.get();
  await clock.advance(60_000);
  expect(reported).toEqual([]);
});

test("an object that was never reported waits since it was created, also through short polls", async () => {
  unreportedSinceMs = clock.nowMs() - 25_000;
  queue.add("a/new", CREATION);
  await clock.advance(5_000);
  expect(reported).toEqual(["a/new"]);
});

test("a reconcile starts only after the write to its object has ended", async () => {
  const gate = Promise.withResolvers<void>();
  write = () => gate.promise;
  queue.add("a/new", CREATION);
  await clock.advance(35_000);
  let isSettled = false;
  const settled = report.written("a/new").then(() => {
    isSettled = true;
  });
  await clock.advance(1);
  expect(isSettled).toBe(false);
  gate.resolve();
  await settled;
});

test("a write that fails is tried again, and delays no other", async () => {
  let failures = 1;
  write = async (key) => {
    if (key === "a/0" && failures-- > 0) throw new ConflictError("x", { reason: "Conflict" });
    reported.push(key);
  };
  for (let i = 0; i < 30; i += 1) queue.add(`a/${i}`, CREATION);
  await clock.advance(30_000);
  expect(reported).toHaveLength(29);
  await clock.advance(5_000);
  expect(reported).toContain("a/0");
});

test("nothing is written after the end, and no timer is left", async () => {
  queue.add("a/new", CREATION);
  await report.stop();
  await clock.advance(60_000);
  expect([reported, clock.timerCount]).toEqual([[], 0]);
});
