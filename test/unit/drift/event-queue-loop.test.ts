import { expect, test } from "vitest";
import { EventQueueLoop } from "../../../src/controller/drift/event-queue-loop.ts";
import type { EventQueue } from "../../../src/engine/drift/event-queue.ts";
import { RetryableError } from "../../../src/errors.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { driftMessage, queueOf } from "../../support/drift-events.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

test("large messages of one batch do not hold up the rest of the process until the last one is read", async () => {
  const clock = new FakeClock();
  const large = [1, 2, 3].map((n) => driftMessage(`large-${n}`, "x".repeat(100_000)));
  const batches = [[...large, driftMessage("small-1"), driftMessage("small-2")]];
  const queue = queueOf(async (signal) => batches.shift() ?? clock.sleep(1e9, signal).then(() => []));
  let handled = 0;
  const receive = (): "unmatched" => {
    handled += 1;
    return "unmatched";
  };
  const common = { clock, random: () => 0, logger: silentLogger, nextBatchMs: () => 20 };
  const loop = new EventQueueLoop({ queue, receive, ...common });
  let handledBefore = -1;
  clock.schedule(0, () => {
    handledBefore = handled;
  });
  loop.start();
  await clock.advance(0);
  expect([handledBefore, handled]).toEqual([1, 5]);
  expect(queue.deleted).toHaveLength(5);
  await loop.stop();
});

test("messages that arrive evenly, 10,000 a minute, are received and deleted in full batches", async () => {
  const clock = new FakeClock();
  const [durationMs, total] = [3_000, 500];
  let [requests, received, deleted] = [0, 0, 0];
  const arrived = (): number => Math.floor((clock.nowMs() - startMs) / (durationMs / total));
  const startMs = clock.nowMs();
  const queue: EventQueue = {
    name: "queue",
    // As SQS: what is there, at most ten, at once.
    async receive(signal) {
      requests += 1;
      while (arrived() === received) await clock.sleep(6, signal);
      const batch = Math.min(10, arrived() - received);
      received += batch;
      return Array.from({ length: batch }, (_, i) => driftMessage(`${received}-${i}`));
    },
    async delete(messages) {
      requests += 1;
      deleted += messages.length;
    },
  };
  const loop = new EventQueueLoop({
    queue,
    clock,
    random: () => 0,
    logger: silentLogger,
    receive: () => "unmatched",
    nextBatchMs: () => 20,
  });
  loop.start();
  await clock.advance(durationMs);
  expect(deleted).toBeGreaterThan(0.9 * total);
  expect(requests).toBeLessThan(1.5 * ((2 * total) / 10));
  await loop.stop();
});

test("faults that take turns are logged once each until the queue can be polled", async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  let calls = 0;
  let isDown = true;
  const queue = queueOf(async (signal) => {
    calls += 1;
    if (isDown) throw new RetryableError(`class ${calls % 2 === 0 ? "a" : "b"}: no reply`, { reason: "Unreachable" });
    return clock.sleep(1_000, signal).then(() => []);
  });
  const loop = new EventQueueLoop({
    queue,
    clock,
    random: () => 0,
    logger,
    receive: () => "own",
    nextBatchMs: () => 20,
  });
  const warnings = (): number => logger.lines.filter(({ level }) => level === "warn").length;
  loop.start();
  await clock.advance(600_000);
  expect(warnings()).toBe(2);
  isDown = false;
  await clock.advance(60_000);
  isDown = true;
  await clock.advance(600_000);
  expect(warnings()).toBe(4);
  await loop.stop();
});
