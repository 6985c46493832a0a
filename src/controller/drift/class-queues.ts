import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { DriftMemory } from "../../engine/drift/drift-memory.ts";
import type { EventQueue } from "../../engine/drift/event-queue.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../model/queue-url.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { ParsedClasses } from "../classes/parsed-classes.ts";

/** An event queue that classes of an account name. */
export interface ClassQueue extends EventQueue {
  /** Its events concern objects of this account only. */
  readonly accountId: string;
  /** Call it when the queue is no longer polled: what was kept for its events is no longer. */
  left(): void;
}

/** The dependencies of {@link classQueues}. */
export interface ClassQueuesOptions {
  readonly classes: Pick<ParsedClasses, "accountIds" | "ofAccount">;
  readonly accounts: Pick<Accounts, "open">;
  /** True for an account of this controller, by its id. */
  readonly hasAccount: (accountId: string) => boolean;
}

/** The event queues that valid classes name, by the name of the queue: classes with the same queue share it. Sends no request. */
export function classQueues({ classes, accounts, hasAccount }: ClassQueuesOptions): ReadonlyMap<string, ClassQueue> {
  const found = new Map<string, ClassQueue>();
  for (const accountId of classes.accountIds.filter(hasAccount)) {
    const ofAccount = (): readonly InstanceProfileClass[] => classes.ofAccount(accountId);
    for (const { name } of ofAccount().flatMap(urlsOf)) {
      let memory: DriftMemory | undefined;
      const opened = async (signal: AbortSignal): Promise<EventQueue> => {
        const { queue, drift } = await open(accounts, ofAccount(), name, signal);
        memory = drift;
        memory.keepFor(name);
        return queue;
      };
      found.set(name, {
        name,
        accountId,
        receive: async (signal) => (await opened(signal)).receive(signal),
        delete: async (messages, signal) => (await opened(signal)).delete(messages, signal),
        left: () => memory?.endFor(name),
      });
    }
  }
  return found;
}

/**
 * The queue by the credentials of the oldest class that names it and can open its account.
 *
 * Errors: those of opening the account by that class; the signal's reason.
 */
async function open(
  accounts: Pick<Accounts, "open">,
  classes: readonly InstanceProfileClass[],
  name: string,
  signal: AbortSignal,
): Promise<{ readonly queue: EventQueue; readonly drift: DriftMemory }> {
  const failures: unknown[] = [];
  for (const of of classes) {
    const url = urlsOf(of).find((one) => one.name === name);
    if (url === undefined) continue;
    try {
      const { drift, eventQueue } = await accounts.open(of, signal);
      if (eventQueue !== undefined) return { queue: eventQueue(url), drift };
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures[0] ?? new Error(`No class names event queue ${name} any more`);
}

function urlsOf({ spec }: InstanceProfileClass): readonly SqsQueueUrl[] {
  return (spec.account.eventQueueUrls ?? []).map(parseQueueUrl).filter((url) => url !== undefined);
}
