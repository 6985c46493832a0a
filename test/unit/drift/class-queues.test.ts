import { expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import type { Accounts } from "../../../src/controller/accounts/account-access.ts";
import { classQueues } from "../../../src/controller/drift/class-queues.ts";
import { DriftEvents } from "../../../src/controller/drift/drift-events.ts";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import { UNKNOWN } from "../../../src/engine/observe/snapshot-index.ts";
import type { Part } from "../../../src/engine/observe/stale-observation.ts";
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
  const classes = { accountIds: [ACCOUNT], ofAccount: () => [named as unknown as InstanceProfileClass] };
  const events = new DriftEvents({
    queues: [],
    classQueues: () => classQueues({ classes, accounts, hasAccount: () => true }),
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
