import { beforeEach, expect, test } from "vitest";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { LanedQueue } from "../../../src/runtime/queue/laned-queue.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let queue: WorkQueue;
let laned: LanedQueue;
let size: number;
/** What has left the queue. */
let takenKeys: string[];
beforeEach(() => {
  size = 2;
  takenKeys = [];
  const observer = { taken: (key: string): void => void takenKeys.push(key) };
  queue = new WorkQueue({ clock: new FakeClock(), backoff: new KeyedBackoff(() => 0), observer });
  laned = new LanedQueue(queue, { laneOf: (key) => key.slice(0, 1), size: () => size });
});

function add(...keys: readonly string[]): void {
  for (const key of keys) queue.add(key);
}

function everybodyHadATurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function take(count: number): Promise<readonly (string | undefined)[]> {
  const taken: (string | undefined)[] = [];
  for (let i = 0; i < count; i += 1) taken.push((await laned.get())?.key);
  return taken;
}

test("no more keys of a lane are given out than it holds, and the others go before", async () => {
  add("a1", "a2", "a3", "a4", "b1", "b2");
  expect(await take(4)).toEqual(["a1", "a2", "b1", "b2"]);
  laned.done("b1");
  laned.done("a2");
  expect(await take(1)).toEqual(["a3"]);
  laned.done("a1");
  expect(await take(1)).toEqual(["a4"]);
});

test("of a lane's keys the most urgent goes first, also one that was added again while it waited", async () => {
  add("a1", "a2");
  queue.add("a3", { priority: -100 });
  queue.add("a4", { priority: -100 });
  add("b1");
  expect(await take(3)).toEqual(["a1", "a2", "b1"]);
  const next = take(1);
  queue.add("a4");
  await everybodyHadATurn();
  laned.done("a1");
  expect(await next).toEqual(["a4"]);
});

test("a lane that has grown takes in as many as it holds", async () => {
  add("a1", "a2", "a3", "a4", "a5");
  expect(await take(2)).toEqual(["a1", "a2"]);
  const next = take(3);
  await everybodyHadATurn();
  size = 4;
  laned.done("a1");
  expect(await next).toEqual(["a3", "a4", "a5"]);
});

test("a key that went in by another way while it waited is not given out once more for that", async () => {
  add("a1", "a2", "a3");
  expect(await take(2)).toEqual(["a1", "a2"]);
  const next = take(1);
  await everybodyHadATurn();
  size = 3;
  queue.add("a3");
  expect(await next).toEqual(["a3"]);
  laned.done("a3");
  expect(queue.depth).toBe(0);
});

test("a lane that has shrunk lets nothing out that it has no room for", async () => {
  size = 3;
  add("a1", "a2", "a3", "a4", "a5", "a6");
  expect(await take(3)).toEqual(["a1", "a2", "a3"]);
  const next = take(1);
  await everybodyHadATurn();
  size = 1;
  takenKeys = [];
  laned.done("a1");
  await everybodyHadATurn();
  expect(takenKeys).toEqual([]);
  laned.done("a2");
  laned.done("a3");
  expect(await next).toEqual(["a4"]);
});

test("keys that wait for their lane are dropped at the end", async () => {
  add("a1", "a2", "a3");
  expect(await take(2)).toEqual(["a1", "a2"]);
  const last = laned.get();
  await everybodyHadATurn();
  const ended = laned.shutDown("drop");
  laned.done("a1");
  laned.done("a2");
  await ended;
  expect(await last).toBeUndefined();
});
