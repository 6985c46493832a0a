import { expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import type { Accounts } from "../../../src/controller/accounts/account-access.ts";
import { type ClassQueue, classQueues } from "../../../src/controller/drift/class-queues.ts";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import type { EventQueue, QueueMessage } from "../../../src/engine/drift/event-queue.ts";
import { UNKNOWN } from "../../../src/engine/observe/snapshot-index.ts";
import type { Part } from "../../../src/engine/observe/stale-observation.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";
import { DRIFT_ACCOUNT, driftEvents, driftMessage, queueOf } from "../../support/drift-events.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const URL = `https://sqs.us-east-1.amazonaws.com/${DRIFT_ACCOUNT}/drift`;

test("the states of objects are kept while a class names a queue, and not after the last queue", async () => {
  const clock = new FakeClock();
  const drift = new DriftMemory();
  let eventQueueUrls = [URL];
  const named = {
    metadata: { name: "team" },
    spec: {
      account: {
        id: DRIFT_ACCOUNT,
        get eventQueueUrls() {
          return eventQueueUrls;
        },
      },
    },
  };
  const queue = { receive: (signal: AbortSignal) => clock.sleep(1e9, signal).then(() => []), delete: async () => {} };
  const accounts = { open: async () => ({ drift, eventQueue: () => queue }) } as unknown as Accounts;
  const all = [named as unknown as InstanceProfileClass];
  const classes = { valid: () => all, ofAccount: () => all };
  const events = driftEvents(clock, {
    classQueues: () => classQueues({ classes, accounts, hasAccount: () => true, reserved: new Set() }),
  });
  const isKept = (): boolean => {
    const identity = { uid: "1", generation: 1 };
    drift.touch("a/app", new Set<Part>(["role"]));
    return drift.startingPoint({ ...identity, key: "a/app", isNew: false, isUserWaiting: false }, UNKNOWN) !== UNKNOWN;
  };
  const name = (...urls: string[]): void => {
    eventQueueUrls = urls;
    events.classesChanged();
  };
  events.start();
  await clock.advance(1_000);
  drift.recordState("a/app", { uid: "1", generation: 1 }, { role: ABSENT, instanceProfile: ABSENT });
  // Right away again, while the request of before ends.
  name();
  name(URL);
  await clock.advance(1_000);
  expect(isKept()).toBe(true);
  name();
  await clock.advance(1_000);
  expect(isKept()).toBe(false);
  await events.stop();
});

/** One connection that all openings of a queue share, whose requests need a while to end. */
function sharedConnection(clock: FakeClock) {
  let isOpen = false;
  let waiting = 0;
  const broken: string[] = [];
  const opened = (id: string): ClassQueue => ({
    name: "drift",
    accountId: DRIFT_ACCOUNT,
    async receive(signal) {
      isOpen = true;
      waiting += 1;
      await clock.sleep(1e9, signal).catch(() => {});
      await clock.sleep(500);
      waiting -= 1;
      return [];
    },
    delete: async () => {},
    close() {
      if (waiting > 0) broken.push(id);
      isOpen = false;
    },
    left() {},
  });
  return { opened, broken, state: () => ({ isOpen, waiting }) };
}

test("a queue that classes name again while a request of before ends is polled once that is closed", async () => {
  const clock = new FakeClock();
  const { opened, broken, state } = sharedConnection(clock);
  let id = 0;
  let isNamed = true;
  const events = driftEvents(clock, { classQueues: () => new Map(isNamed ? [["drift", opened(String(++id))]] : []) });
  const name = (named: boolean): void => {
    isNamed = named;
    events.classesChanged();
  };
  events.start();
  await clock.advance(1_000);
  for (const named of [false, true, false, true]) name(named);
  expect(state()).toEqual({ isOpen: true, waiting: 1 });
  await clock.advance(500);
  expect([state(), broken]).toEqual([{ isOpen: true, waiting: 1 }, []]);
  name(false);
  name(true);
  name(false);
  await clock.advance(500);
  expect([state(), broken]).toEqual([{ isOpen: false, waiting: 0 }, []]);
  await events.stop();
});

test("a connection is closed also if its queue is named again right away", async () => {
  const clock = new FakeClock();
  const open = new Set<number>();
  let id = 0;
  const opened = (): ClassQueue => {
    const own = ++id;
    return {
      name: "drift",
      accountId: DRIFT_ACCOUNT,
      async receive(signal) {
        open.add(own);
        return clock.sleep(1e9, signal).then(() => []);
      },
      delete: async () => {},
      close: () => void open.delete(own),
      left() {},
    };
  };
  let isNamed = true;
  const events = driftEvents(clock, { classQueues: () => new Map(isNamed ? [["drift", opened()]] : []) });
  events.start();
  await clock.advance(1_000);
  for (const named of [false, true]) {
    isNamed = named;
    events.classesChanged();
  }
  await clock.advance(1_000);
  expect(open.size).toBe(1);
  await events.stop();
  expect(open.size).toBe(0);
});

test("a message that arrives while the controller stops leaves no timer behind", async () => {
  const clock = new FakeClock();
  const delivery = Promise.withResolvers<readonly QueueMessage[]>();
  const events = driftEvents(clock, { queues: [queueOf(() => delivery.promise)] });
  const metadata = { namespace: "default", name: "app", uid: "1", resourceVersion: "1" };
  const role = { name: "app", arn: `arn:aws:iam::${DRIFT_ACCOUNT}:role/app`, id: "AROA" };
  events.start();
  events.objectChanged({ type: "added", new: { metadata, status: { role } }, isInInitialList: true });
  const stopped = events.stop();
  delivery.resolve([driftMessage("late")]);
  await stopped;
  expect(clock.timerCount).toBe(0);
});

test("an event in the queue of a class concerns no object of another account, whatever the status of the object names", async () => {
  const clock = new FakeClock();
  const batches = [[driftMessage("one")], [driftMessage("two")]];
  const queue = queueOf(async (signal) => batches.shift() ?? clock.sleep(1e9, signal).then(() => []));
  const accounts = new Map([["default/app", "210987654321"]]);
  const results: string[] = [];
  const role = { name: "app", arn: `arn:aws:iam::${DRIFT_ACCOUNT}:role/app`, id: "AROA" };
  const app = { metadata: { namespace: "default", name: "app", uid: "1", resourceVersion: "1" }, status: { role } };
  const events = driftEvents(clock, {
    classQueues: () => new Map([[queue.name, { ...queue, accountId: DRIFT_ACCOUNT, close() {}, left() {} }]]),
    objects: () => [app],
    accountKeyOf: (key) => accounts.get(key),
    observer: {
      handled(_, result) {
        results.push(result);
        accounts.set("default/app", DRIFT_ACCOUNT);
      },
      reachable() {},
    },
  });
  events.start();
  await clock.advance(1_000);
  expect(results).toEqual(["unmatched", "matched"]);
  await events.stop();
});

test("a flood in two queues is received in bursts, at 30,000 messages a minute in all, from both alike", async () => {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const batches: { readonly from: string; readonly atMs: number }[] = [];
  const flood = (from: string): EventQueue => ({
    ...queueOf(async (signal) => {
      await clock.sleep(1, signal);
      batches.push({ from, atMs: clock.monotonicMs() - startMs });
      return Array.from({ length: 10 }, (_, i) => driftMessage(`${batches.length}-${i}`));
    }),
    name: from,
  });
  const events = driftEvents(clock, { queues: [flood("one"), flood("two")] });
  events.start();
  await clock.advance(80_000);
  const minute = batches.filter(({ atMs }) => atMs >= 20_000);
  expect(minute.length).toBeGreaterThan(2_900);
  expect(minute.length).toBeLessThanOrEqual(3_100);
  const pauses = minute.filter(({ atMs }, i) => atMs - (minute[i - 1]?.atMs ?? 0) > 10);
  expect(pauses.length).toBeLessThanOrEqual(61);
  const ofOne = minute.filter(({ from }) => from === "one").length;
  expect(ofOne / minute.length).toBeCloseTo(0.5, 1);
  await events.stop();
});
