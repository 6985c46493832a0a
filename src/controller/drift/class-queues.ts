import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { DriftMemory } from "../../engine/drift/drift-memory.ts";
import type { EventQueue } from "../../engine/drift/event-queue.ts";
import { ControllerError, dispositionOf } from "../../errors.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../model/queue-url.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { ParsedClasses } from "../classes/parsed-classes.ts";

/** An event queue that classes of an account name. */
export interface ClassQueue extends EventQueue {
  /** Its events concern objects of this account only. */
  readonly accountId: string;
  /** Call it when the queue is no longer polled: what was kept for its events is no longer, and its connections are closed. */
  left(): void;
}

/** The dependencies of {@link classQueues}. */
export interface ClassQueuesOptions {
  readonly classes: Pick<ParsedClasses, "valid" | "ofAccount">;
  readonly accounts: Pick<Accounts, "open">;
  /** True for an account of this controller, by its id. */
  readonly hasAccount: (accountId: string) => boolean;
  /** The names of the operator's queues, also of other shards: a class that names one would take the events of every account from it. */
  readonly reserved: ReadonlySet<string>;
}

/** The event queues that valid classes name, by the name of the queue: classes with the same queue share it. Sends no request. */
export function classQueues(options: ClassQueuesOptions): ReadonlyMap<string, ClassQueue> {
  const { classes, accounts, hasAccount, reserved } = options;
  const found = new Map<string, ClassQueue>();
  for (const of of classes.valid()) {
    const { id: accountId } = of.spec.account;
    if (!hasAccount(accountId)) continue;
    for (const { name } of urlsOf(of)) {
      if (reserved.has(name)) continue;
      found.set(name, new QueueOfClasses(name, accountId, { accounts, classes: () => classes.ofAccount(accountId) }));
    }
  }
  return found;
}

/** Whose credentials open a queue. */
interface Sources {
  readonly accounts: Pick<Accounts, "open">;
  /** Those of the account, the oldest first. */
  readonly classes: () => readonly InstanceProfileClass[];
}

/** A queue by the credentials of the oldest class that names it and can use it. */
class QueueOfClasses implements ClassQueue {
  readonly name: string;
  readonly accountId: string;
  readonly #sources: Sources;
  /** The name of the class that could use the queue last: it is tried first. */
  #lastUsedBy: string | undefined;
  /** What was opened, by the name of the class. */
  readonly #opened = new Map<string, EventQueue>();
  #memory: DriftMemory | undefined;

  constructor(name: string, accountId: string, sources: Sources) {
    this.name = name;
    this.accountId = accountId;
    this.#sources = sources;
  }

  receive(signal: AbortSignal): ReturnType<EventQueue["receive"]> {
    return this.#use((queue) => queue.receive(signal), signal);
  }

  delete(messages: Parameters<EventQueue["delete"]>[0], signal: AbortSignal): Promise<void> {
    return this.#use((queue) => queue.delete(messages, signal), signal);
  }

  left(): void {
    this.#memory?.endFor(this.name);
    for (const queue of this.#opened.values()) queue.close?.();
    this.#opened.clear();
  }

  /**
   * Uses the queue with the credentials of the first class that can.
   *
   * Errors: those of the first class that was tried; the signal's reason.
   */
  async #use<Result>(use: (queue: EventQueue) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const failures: unknown[] = [];
    for (const of of this.#inTurn()) {
      const url = urlsOf(of).find(({ name }) => name === this.name);
      if (url === undefined) continue;
      const queue = await this.#open(of, url, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        failures.push(error);
      });
      if (queue === undefined) continue;
      try {
        const result = await use(queue);
        this.#lastUsedBy = of.metadata.name;
        return result;
      } catch (error) {
        // Another role may be allowed what this one is not. Of an outage, all classes would wait one after the other.
        if (!(error instanceof ControllerError) || dispositionOf(error) !== "blocked") throw error;
        failures.push(error);
      }
    }
    throw failures[0] ?? new Error(`No class names event queue ${this.name} any more`);
  }

  #inTurn(): readonly InstanceProfileClass[] {
    const isLast = ({ metadata }: InstanceProfileClass): boolean => metadata.name === this.#lastUsedBy;
    const classes = this.#sources.classes();
    return [...classes.filter(isLast), ...classes.filter((of) => !isLast(of))];
  }

  async #open(of: InstanceProfileClass, url: SqsQueueUrl, signal: AbortSignal): Promise<EventQueue> {
    const { drift, eventQueue } = await this.#sources.accounts.open(of, signal);
    if (eventQueue === undefined) throw new Error(`Event queue ${this.name} cannot be polled`);
    drift.keepFor(this.name);
    this.#memory = drift;
    const queue = eventQueue(url);
    this.#opened.set(of.metadata.name, queue);
    return queue;
  }
}

function urlsOf({ spec }: InstanceProfileClass): readonly SqsQueueUrl[] {
  return (spec.account.eventQueueUrls ?? []).map(parseQueueUrl).filter((url) => url !== undefined);
}
