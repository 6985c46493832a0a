import { DriftEvents, type DriftEventsOptions } from "../../src/controller/drift/drift-events.ts";
import type { EventQueue, QueueMessage } from "../../src/engine/drift/event-queue.ts";
import { silentLogger } from "../../src/telemetry.ts";
import type { FakeClock } from "./fake-clock.ts";

/** The account whose role {@link driftMessage} is about. */
export const DRIFT_ACCOUNT = "123456789012";

/** A message about tags that somebody else put on the role `app`. */
export function driftMessage(receipt: string, filling = ""): QueueMessage {
  const detail = {
    ...{ eventSource: "iam.amazonaws.com", eventName: "TagRole", eventTime: "2026-01-01T00:00:00Z" },
    requestParameters: { roleName: "app", filling },
  };
  const envelope = { source: "aws.iam", "detail-type": "AWS API Call via CloudTrail", account: DRIFT_ACCOUNT, detail };
  return { body: JSON.stringify(envelope), receipt };
}

/** A queue that remembers the receipts of what was deleted. */
export function queueOf(receive: EventQueue["receive"]): EventQueue & { readonly deleted: string[] } {
  const deleted: string[] = [];
  return {
    name: "queue",
    deleted,
    receive,
    async delete(messages) {
      deleted.push(...messages.map(({ receipt }) => receipt));
    },
  };
}

/** Drift events of a controller without objects and queues; `more` replaces that. */
export function driftEvents(clock: FakeClock, more: Partial<DriftEventsOptions> = {}): DriftEvents {
  return new DriftEvents({
    queues: [],
    classQueues: () => new Map(),
    objects: () => [],
    accountKeyOf: () => undefined,
    instancesChanged: () => false,
    isOwn: () => false,
    accountOf: () => undefined,
    queue: { add() {}, isRunning: () => false, isWaiting: () => false },
    clock,
    random: () => 0,
    logger: silentLogger,
    recheckMs: 0,
    ...more,
  });
}
