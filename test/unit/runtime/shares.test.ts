import { beforeEach, describe, expect, test } from "vitest";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

const BULK = { priority: -50 };

/** Keys are `lane/group/name`. */
function aQueue(workers: number, lanes: number) {
  const clock = new FakeClock();
  const shares = {
    laneOf: (key: string) => key.split("/")[0] ?? "",
    groupOf: (key: string) => key.split("/")[1] ?? "",
    lanes: () => lanes,
    workers,
    urgentFrom: 0,
  };
  const queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0), shares });
  const add = (keys: readonly string[], options = {}): void => {
    for (const key of keys) queue.add(key, options);
  };
  return { clock, queue, add };
}

/** The next keys, without waiting: as many workers come as there are keys that may run. */
async function take(queue: WorkQueue, count: number): Promise<readonly string[]> {
  const taken: string[] = [];
  for (let i = 0; i < count; i += 1) void queue.get().then((one) => one && taken.push(one.key));
  await settle();
  return taken;
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe("the turns", () => {
  test("go round the groups of one priority, so that a group with a thousand keys does not delay one of another", async () => {
    const { queue, add } = aQueue(100, 1);
    add(names("x/many/", 1_000));
    add(["x/few/1", "x/few/2", "x/one/1"]);
    expect(await take(queue, 6)).toEqual(["x/many/0", "x/few/1", "x/one/1", "x/many/1", "x/few/2", "x/many/2"]);
  });

  test("keep the order of arrival within a group", async () => {
    const { queue, add } = aQueue(100, 1);
    add(["x/a/3", "x/a/1", "x/a/2"]);
    expect(await take(queue, 3)).toEqual(["x/a/3", "x/a/1", "x/a/2"]);
  });

  test("go to the higher priority four times of five, and then to what has waited longest", async () => {
    const { clock, queue, add } = aQueue(100, 1);
    add(names("x/old/", 3), BULK);
    await clock.advance(1);
    add(names("x/new/", 9));
    const order = (await take(queue, 12)).map((key) => key.split("/")[1]);
    expect(order.join(" ")).toBe("new new new new old new new new new old new old");
  });
});

describe("of ten workers", () => {
  let queue: WorkQueue;
  let add: ReturnType<typeof aQueue>["add"];
  beforeEach(() => {
    ({ queue, add } = aQueue(10, 1));
  });

  test("two are left for urgent keys, however many others are ready", async () => {
    add(names("x/a/", 100), BULK);
    expect(await take(queue, 10)).toHaveLength(8);
    add(["x/b/edit"]);
    await settle();
    expect(queue.isRunning("x/b/edit")).toBe(true);
  });

  test("all may have urgent keys", async () => {
    add(names("x/a/", 100));
    expect(await take(queue, 10)).toHaveLength(10);
  });

  test("one that was refused a key gets it as soon as another is done", async () => {
    add(names("x/a/", 9), BULK);
    const taken = await take(queue, 10);
    expect(queue.isRunning("x/a/8")).toBe(false);
    queue.done(taken[0] ?? "");
    expect(queue.isRunning("x/a/8")).toBe(true);
  });
});

describe("lanes", () => {
  test("have equal shares, and what a full one leaves goes to the others", async () => {
    const { queue, add } = aQueue(10, 2);
    add(names("slow/a/", 100));
    add(names("fast/a/", 2));
    const taken = await take(queue, 10);
    expect(taken.filter((key) => key.startsWith("slow"))).toHaveLength(5);
    expect(taken.filter((key) => key.startsWith("fast"))).toHaveLength(2);
    expect(queue.depth).toBe(95);
  });

  test("keep one worker of their share for an urgent key", async () => {
    const { queue, add } = aQueue(10, 2);
    add(names("slow/a/", 100), BULK);
    expect(await take(queue, 10)).toHaveLength(4);
    add(["slow/b/edit"]);
    await settle();
    expect(queue.isRunning("slow/b/edit")).toBe(true);
  });

  test("with a share of one lend an urgent key one more", async () => {
    const { queue, add } = aQueue(10, 120);
    add(names("slow/a/", 5), BULK);
    expect(await take(queue, 10)).toHaveLength(1);
    add(names("slow/b/", 5));
    await settle();
    expect(queue.running()).toHaveLength(2);
  });

  test("let their most urgent key go first, also one that was added again while it waited", async () => {
    const { queue, add } = aQueue(2, 2);
    add(["a/x/1", "a/x/2", "a/x/3"], BULK);
    expect(await take(queue, 2)).toEqual(["a/x/1"]);
    queue.add("a/x/3");
    expect(queue.isRunning("a/x/3")).toBe(true);
  });
});

test("one worker has everything, by priority", async () => {
  const { queue, add } = aQueue(1, 1);
  add(["x/a/1", "x/a/2"], BULK);
  add(["x/a/edit"]);
  expect(await take(queue, 1)).toEqual(["x/a/edit"]);
  queue.done("x/a/edit");
  expect(await take(queue, 1)).toEqual(["x/a/1"]);
});

test("keys that wait for their share are dropped at the end", async () => {
  const { queue, add } = aQueue(10, 2);
  add(names("a/x/", 20));
  const taken = await take(queue, 10);
  const ended = queue.shutDown("drop");
  for (const key of taken) queue.done(key);
  await ended;
  expect(await queue.get()).toBeUndefined();
});
