import { expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import type { Accounts } from "../../../src/controller/accounts/account-access.ts";
import { classQueues } from "../../../src/controller/drift/class-queues.ts";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import type { EventQueue } from "../../../src/engine/drift/event-queue.ts";
import { BlockedError, RetryableError, TerminalError } from "../../../src/errors.ts";

const ACCOUNT = "123456789012";
const URL = `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/drift`;

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

const unreachable = (): RetryableError => new RetryableError("no reply", { reason: "EndpointUnreachable" });

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
      throw unreachable();
    },
  })).values();
  await expect(queue?.receive(signal)).rejects.toThrow("no reply");
  expect(tries).toBe(1);
});

test("a class whose endpoint cannot be reached does not keep the queue from the other classes, and is named", async () => {
  const [queue] = queuesOf([teamClass("typo"), teamClass("denied"), teamClass("good")], (className) => ({
    receive: async () => {
      if (className === "typo") throw unreachable();
      if (className === "denied") throw new BlockedError("not authorized", { reason: "AccessDenied" });
      return [{ body: className, receipt: "1" }];
    },
  })).values();
  await expect(queue?.receive(signal)).rejects.toMatchObject({
    reason: "EndpointUnreachable",
    message: expect.stringMatching(/^class typo: /),
  });
  for (const _ of [1, 2]) expect(await queue?.receive(signal)).toMatchObject([{ body: "good" }]);
});

test("while no class can reach a queue, each is tried in turn", async () => {
  const tried: string[] = [];
  const [queue] = queuesOf(
    ["denied", "typo", "other"].map((name) => teamClass(name)),
    (className) => ({
      receive: async () => {
        tried.push(className);
        if (className === "denied") throw new BlockedError("not authorized", { reason: "AccessDenied" });
        throw unreachable();
      },
    }),
  ).values();
  for (const _ of [1, 2, 3]) await queue?.receive(signal).catch(() => {});
  expect(tried).toEqual(["denied", "typo", "other", "denied", "typo"]);
});

test("a class that opens another account does not keep the queue from the other classes", async () => {
  const classes = [teamClass("wrong"), teamClass("good")];
  const open = async ({ metadata }: InstanceProfileClass): Promise<unknown> => {
    if (metadata.name === "wrong") throw new TerminalError("another account", { reason: "AccountMismatch" });
    return { drift: new DriftMemory(), eventQueue: () => ({ receive: async () => [] }) };
  };
  const [queue] = classQueues({
    classes: { valid: () => classes, ofAccount: () => classes },
    accounts: { open } as unknown as Accounts,
    hasAccount: () => true,
    reserved: new Set(),
  }).values();
  expect(await queue?.receive(signal)).toEqual([]);
});

/** An SQS queue whose connections a test can count, the same for a class and a URL until it is closed. */
function connections() {
  const open = new Set<string>();
  const queueOf = (className: string, url: string): EventQueue => {
    const connection = `${className} ${url}`;
    return {
      name: "drift",
      async receive() {
        open.add(connection);
        return [];
      },
      delete: async () => {},
      close: () => void open.delete(connection),
    };
  };
  return { open, queueOf };
}

test("a queue that no class names any more has no open connection", async () => {
  const { open, queueOf } = connections();
  const [queue] = queuesOf([teamClass("team")], (className) => queueOf(className, URL)).values();
  await queue?.receive(signal);
  expect([...open]).toEqual([`team ${URL}`]);
  queue?.close?.();
  expect([...open]).toEqual([]);
});

test("a queue has the connection of one class, by the URL and the role that the class has now", async () => {
  const { open, queueOf } = connections();
  const classes = [teamClass("a"), teamClass("b")];
  const endpoint = `https://vpce-0-a.sqs.us-east-1.vpce.amazonaws.com/${ACCOUNT}/drift`;
  let queueNow = (className: string): EventQueue => queueOf(className, URL);
  const [queue] = queuesOf(classes, (className) => queueNow(className)).values();
  const opened = async (): Promise<readonly string[]> => {
    await queue?.receive(signal);
    return [...open];
  };
  expect(await opened()).toEqual([`a ${URL}`]);
  queueNow = (className) => queueOf(className, endpoint);
  expect(await opened()).toEqual([`a ${endpoint}`]);
  classes.shift();
  expect(await opened()).toEqual([`b ${endpoint}`]);
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
