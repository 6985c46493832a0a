import { expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import type { Accounts } from "../../../src/controller/accounts/account-access.ts";
import { classQueues } from "../../../src/controller/drift/class-queues.ts";
import { DriftEvents } from "../../../src/controller/drift/drift-events.ts";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import type { EventQueue } from "../../../src/engine/drift/event-queue.ts";
import { UNKNOWN } from "../../../src/engine/observe/snapshot-index.ts";
import type { Part } from "../../../src/engine/observe/stale-observation.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const ACCOUNT = "123456789012";
const URL = `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/drift`;

test("the states of objects are kept while a class names a queue, and not after the last queue", async () => {
  const clock = new FakeClock();
  const drift = new DriftMemory();
  let eventQueueUrls = [URL];
  const named = {
    metadata: { name: "team" },
    spec: {
      account: {
        id: ACCOUNT,
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
  const events = new DriftEvents({
    queues: [],
    classQueues: () => classQueues({ classes, accounts, hasAccount: () => true, reserved: new Set() }),
    objects: () => [],
    accountKeyOf: () => undefined,
    instancesChanged: () => false,
    isOwn: () => false,
    accountOf: () => undefined,
    queue: { add() {}, isRunning: () => false, isWaiting: () => false },
    ...{ clock, random: () => 0, logger: silentLogger, recheckMs: 0 },
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

/** A class of the account, whose role is named like the class. */
function teamClass(name: string, url: string = URL, id: string = ACCOUNT): InstanceProfileClass {
  return { metadata: { name }, spec: { account: { id, eventQueueUrls: [url] } } } as unknown as InstanceProfileClass;
}

/** The queues of the classes, each opened by the role of a class. */
function queuesOf(classes: readonly InstanceProfileClass[], queueOf: (className: string) => Partial<EventQueue>) {
  const open = async ({ metadata }: InstanceProfileClass): Promise<unknown> => ({
    drift: new DriftMemory(),
    eventQueue: () => queueOf(metadata.name),
  });
  return classQueues({
    classes: {
      valid: () => classes,
      ofAccount: (accountId) => classes.filter(({ spec }) => spec.account.id === accountId),
    },
    accounts: { open } as unknown as Accounts,
    hasAccount: () => true,
    reserved: new Set(["us-east-1/123456789012/operator"]),
  });
}

const { signal } = new AbortController();

test("a queue is received by the oldest class whose role may, which is tried first from then on", async () => {
  const tried: string[] = [];
  const queues = queuesOf(
    ["oldest", "other", "third"].map((name) => teamClass(name)),
    (className) => ({
      receive: async () => {
        tried.push(className);
        if (className === "oldest") throw new BlockedError("not authorized", { reason: "AccessDenied" });
        return [];
      },
    }),
  );
  const [queue] = queues.values();
  await queue?.receive(signal);
  await queue?.receive(signal);
  expect(tried).toEqual(["oldest", "other", "other"]);
});

test("an outage of a queue is waited for by one class alone", async () => {
  let tries = 0;
  const [queue] = queuesOf([teamClass("oldest"), teamClass("other")], () => ({
    receive: async () => {
      tries += 1;
      throw new RetryableError("no reply", { reason: "EndpointUnreachable" });
    },
  })).values();
  await expect(queue?.receive(signal)).rejects.toThrow("no reply");
  expect(tries).toBe(1);
});

test("a queue that no class names any more has no open connection", async () => {
  const closed: string[] = [];
  const [queue] = queuesOf([teamClass("team")], (className) => ({
    receive: async () => [],
    close: () => void closed.push(className),
  })).values();
  await queue?.receive(signal);
  expect(closed).toEqual([]);
  queue?.left();
  expect(closed).toEqual(["team"]);
});

test("a class that names a queue of the operator, of whatever shard, receives nothing from it", () => {
  const operators = `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/operator`;
  const queues = queuesOf([teamClass("one", operators), teamClass("two")], () => ({}));
  expect([...queues.keys()]).toEqual(["us-east-1/123456789012/drift"]);
});

test("the queues of thousands of accounts are found by one reading of the classes", () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => String(100_000_000_000 + i));
  const all = ids.map((id) => teamClass(id, `https://sqs.us-east-1.amazonaws.com/${id}/drift`, id));
  let reads = 0;
  const classes = {
    valid: () => {
      reads += 1;
      return all;
    },
    ofAccount: () => {
      reads += 1;
      return all;
    },
  };
  const found = classQueues({ classes, accounts: {} as Accounts, hasAccount: () => true, reserved: new Set() });
  expect([found.size, reads]).toEqual([3_000, 1]);
});
