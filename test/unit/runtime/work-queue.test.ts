import { expect, test } from "vitest";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

function aQueue() {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff(() => 0);
  const added: string[] = [];
  const retried: string[] = [];
  const finished: [string, number][] = [];
  const queue = new WorkQueue({
    clock,
    backoff,
    observer: {
      added: (key) => added.push(key),
      retried: (key) => retried.push(key),
      finished: (key, workedMs) => finished.push([key, workedMs]),
    },
  });
  return { clock, queue, added, retried, finished };
}

/** Takes what is ready, without waiting. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const taken = await queue.get();
    if (taken !== undefined) keys.push(taken.key);
  }
  return keys;
}

test("gives keys in the order they came", async () => {
  const { queue } = aQueue();
  for (const key of ["b", "a", "c"]) queue.add(key);
  expect(await takeAll(queue)).toEqual(["b", "a", "c"]);
});

test("turns a burst of adds of one key into one run", async () => {
  const { queue, added } = aQueue();
  for (let i = 0; i < 100; i++) queue.add("a");
  expect(await takeAll(queue)).toEqual(["a"]);
  queue.done("a");
  expect(queue.depth).toBe(0);
  expect(added).toEqual(["a"]);
});

test("never gives a key to a second worker while the first has it", async () => {
  const { queue } = aQueue();
  queue.add("a");
  await queue.get();
  queue.add("a");
  expect(queue.depth).toBe(0);
});

test("runs a key once more when it was added during its run", async () => {
  const { queue } = aQueue();
  queue.add("a");
  await queue.get();
  queue.add("a");
  queue.add("a");
  queue.done("a");
  expect(await takeAll(queue)).toEqual(["a"]);
  queue.done("a");
  expect(queue.isIdle).toBe(true);
});

test("wakes a waiting worker when a key arrives", async () => {
  const { queue } = aQueue();
  const taken = queue.get();
  queue.add("a");
  expect(await taken).toEqual({ key: "a", priority: 0 });
});

test("gives one arriving key to one of many waiting workers", async () => {
  const { queue } = aQueue();
  const got: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) void queue.get().then((taken) => got.push(taken?.key));
  queue.add("a");
  await settle();
  expect(got).toEqual(["a"]);
});

test("hands out a delayed key when its time has come and not before", async () => {
  const { clock, queue } = aQueue();
  queue.addAfter("a", 1_000);
  await clock.advance(999);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(await takeAll(queue)).toEqual(["a"]);
});

test("keeps the earliest of several times", async () => {
  const { clock, queue } = aQueue();
  queue.addAfter("a", 5_000);
  queue.addAfter("a", 1_000);
  queue.addAfter("a", 9_000);
  await clock.advance(1_000);
  expect(await takeAll(queue)).toEqual(["a"]);
  queue.done("a");
  await clock.advance(60_000);
  expect(queue.depth).toBe(0);
});

test("lets an event overtake a pending retry and does not retry again for it", async () => {
  const { clock, queue } = aQueue();
  queue.addAfter("a", 5_000);
  queue.add("a");
  expect(await takeAll(queue)).toEqual(["a"]);
  queue.done("a");
  await clock.advance(60_000);
  expect(queue.depth).toBe(0);
});

test("ignores a delay for a key that is ready already", async () => {
  const { clock, queue } = aQueue();
  queue.add("a");
  queue.addAfter("a", 5_000);
  expect(await takeAll(queue)).toEqual(["a"]);
  queue.done("a");
  await clock.advance(60_000);
  expect(queue.depth).toBe(0);
});

test("does not run a key twice at once when its delay ends during its run", async () => {
  const { clock, queue } = aQueue();
  queue.add("a");
  await queue.get();
  queue.addAfter("a", 1_000);
  await clock.advance(2_000);
  expect(queue.depth).toBe(0);
  queue.done("a");
  expect(await takeAll(queue)).toEqual(["a"]);
});

test("uses one timer however many keys wait", async () => {
  const { clock, queue } = aQueue();
  for (let i = 0; i < 1_000; i++) queue.addAfter(`key-${i}`, 1_000 + i);
  expect(clock.timerCount).toBe(1);
  await clock.advance(1_009);
  expect(queue.depth).toBe(10);
  expect(clock.timerCount).toBe(1);
});

test("reaches a due time that is further away than a timer may be", async () => {
  const { clock, queue } = aQueue();
  const delaysMs: number[] = [];
  const schedule = clock.schedule.bind(clock);
  clock.schedule = (delayMs, callback) => {
    delaysMs.push(delayMs);
    return schedule(delayMs, callback);
  };
  queue.addAfter("a", 3_000_001);
  await clock.advance(3_000_000);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(queue.depth).toBe(1);
  expect(Math.max(...delaysMs)).toBe(600_000);
});

test("puts a failing key off for twice as long each time, up to the cap", async () => {
  const { clock, queue, retried } = aQueue();
  const delaysMs: number[] = [];
  for (let i = 0; i < 11; i++) {
    const startMs = clock.monotonicMs();
    queue.addRateLimited("a");
    const taken = queue.get().then(() => delaysMs.push(clock.monotonicMs() - startMs));
    await clock.advance(300_000);
    await taken;
    queue.done("a");
  }
  const secondsMs = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000);
  expect(delaysMs).toEqual(secondsMs);
  expect(retried).toHaveLength(11);
});

test("starts again at the shortest delay once a key is forgotten", async () => {
  const { clock, queue } = aQueue();
  for (let i = 0; i < 5; i++) queue.addRateLimited("a");
  expect(queue.failuresOf("a")).toBe(5);
  queue.forget("a");
  queue.add("a");
  await queue.get();
  queue.done("a");
  queue.addRateLimited("a");
  await clock.advance(1_000);
  expect(queue.depth).toBe(1);
});

test("gives urgent keys first and keeps the order within one priority", async () => {
  const { queue } = aQueue();
  queue.add("resync-1", { priority: -100 });
  queue.add("resync-2", { priority: -100 });
  queue.add("edit-1");
  queue.add("edit-2");
  expect(queue.depths()).toEqual(
    new Map([
      [-100, 2],
      [0, 2],
    ]),
  );
  expect(await takeAll(queue)).toEqual(["edit-1", "edit-2", "resync-1", "resync-2"]);
});

test("makes a queued key as urgent as its most urgent add", async () => {
  const { queue } = aQueue();
  queue.add("first", { priority: -100 });
  queue.add("second", { priority: -100 });
  queue.add("second", { priority: 0 });
  queue.add("second", { priority: -200 });
  expect(await takeAll(queue)).toEqual(["second", "first"]);
});

test("keeps the priority of a key through a delay and through its own run", async () => {
  const { clock, queue } = aQueue();
  queue.addAfter("slow", 1_000, { priority: -100 });
  queue.addAfter("urgent", 1_000, { priority: 5 });
  queue.add("urgent-in-run");
  await queue.get();
  queue.add("urgent-in-run", { priority: 7 });
  await clock.advance(1_000);
  queue.done("urgent-in-run");
  expect(await takeAll(queue)).toEqual(["urgent-in-run", "urgent", "slow"]);
});

test("reports how long a run took", async () => {
  const { clock, queue, finished } = aQueue();
  queue.add("a");
  await queue.get();
  await clock.advance(250);
  expect(queue.running()).toEqual([{ key: "a", workedMs: 250 }]);
  queue.done("a");
  expect(finished).toEqual([["a", 250]]);
});

test("refuses keys and releases waiting workers once it is shut down", async () => {
  const { clock, queue } = aQueue();
  const waiting = queue.get();
  queue.addAfter("later", 1_000);
  await queue.shutDown("drop");
  queue.add("a");
  queue.addRateLimited("a");
  await clock.advance(10_000);
  expect(await waiting).toBeUndefined();
  expect(await queue.get()).toBeUndefined();
  expect(clock.timerCount).toBe(0);
});

test("drops what nobody works on yet and waits for what somebody does", async () => {
  const { queue } = aQueue();
  queue.add("a");
  queue.add("b");
  await queue.get();
  queue.add("a");
  let isDown = false;
  const down = queue.shutDown("drop").then(() => {
    isDown = true;
  });
  expect(await queue.get()).toBeUndefined();
  expect(isDown).toBe(false);
  queue.done("a");
  await down;
  expect(queue.isIdle).toBe(true);
});

test("does not retry everything at once when everything has failed at once: a hundred, then ten a second", async () => {
  const { clock, queue } = aQueue();
  const keys = Array.from({ length: 300 }, (_, i) => `key-${i}`);
  for (const key of keys) queue.addRateLimited(key);
  await clock.advance(1_000);
  expect(queue.depth).toBe(110);
  await clock.advance(9_000);
  expect(queue.depth).toBe(200);
  queue.add("key-299");
  expect(queue.depth).toBe(201);
  await clock.advance(10_000);
  expect(queue.depth).toBe(300);
});

test("retries a few keys after their own delays alone, however many have failed before", async () => {
  const { clock, queue } = aQueue();
  for (let i = 0; i < 300; i++) queue.addRateLimited(`key-${i}`);
  await clock.advance(60_000);
  await takeAll(queue);
  queue.addRateLimited("late");
  await clock.advance(1_000);
  expect(queue.depth).toBe(1);
});

test("drains what is ready, and what was parked, before it is down", async () => {
  const { queue } = aQueue();
  queue.add("a");
  queue.add("b");
  await queue.get();
  queue.add("a");
  const down = queue.shutDown("drain");
  expect((await queue.get())?.key).toBe("b");
  queue.done("b");
  queue.done("a");
  expect((await queue.get())?.key).toBe("a");
  queue.done("a");
  await down;
  expect(await queue.get()).toBeUndefined();
});
