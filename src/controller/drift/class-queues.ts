import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { DriftMemory } from "../../engine/drift/drift-memory.ts";
import type { EventQueue } from "../../engine/drift/event-queue.ts";
import { ControllerError, dispositionOf } from "../../errors.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../model/queue-url.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { ParsedClasses } from "../classes/class-resolution.ts";

/** An event queue that classes of an account name. */
export interface ClassQueue extends EventQueue {
  /** Its events concern objects of this account only. */
  readonly accountId: string;
  close(): void;
  /** Call it when no class names the queue any more: what was kept for its events is no longer. */
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

/** A class that names a queue, and the URL by which it does. */
interface NamingClass {
  readonly of: InstanceProfileClass;
  readonly url: SqsQueueUrl;
}

/** A queue by the credentials of one class that names it: the oldest that can use it. */
class QueueOfClasses implements ClassQueue {
  readonly name: string;
  readonly accountId: string;
  readonly #sources: Sources;
  /** The name of the class that is tried first; undefined: the oldest. */
  #firstClass: string | undefined;
  /** The queue as the class has opened it that was tried last. */
  #opened: EventQueue | undefined;
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

  close(): void {
    this.#opened?.close?.();
  }

  left(): void {
    this.#memory?.endFor(this.name);
  }

  /**
   * Uses the queue with the credentials of the first class that can. In an outage, the classes do not wait one after the other: the next
   * call begins with the next class.
   *
   * Errors: that of the class with the outage, else of the first that was tried, with its name; the signal's reason.
   */
  async #use<Result>(use: (queue: EventQueue) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const classes = this.#inTurn();
    const failures: unknown[] = [];
    for (const [index, { of, url }] of classes.entries()) {
      const { name } = of.metadata;
      try {
        const result = await use(await this.#open(of, url, signal));
        this.#firstClass = name;
        return result;
      } catch (error) {
        const failure = error instanceof ControllerError ? error.withMessage(`class ${name}: ${error.message}`) : error;
        if (!["blocked", "terminal"].includes(dispositionOf(error))) {
          this.#firstClass = classes[index + 1]?.of.metadata.name;
          throw failure;
        }
        // A retry does not help this class, but another role may be allowed what this one is not.
        failures.push(failure);
      }
    }
    throw failures[0] ?? new Error(`No class names event queue ${this.name} any more`);
  }

  /** The classes that name the queue, from the first to try, the oldest after the youngest. */
  #inTurn(): readonly NamingClass[] {
    const classes = this.#sources.classes().flatMap((of) => {
      const url = urlsOf(of).find(({ name }) => name === this.name);
      return url === undefined ? [] : [{ of, url }];
    });
    const first = classes.findIndex(({ of }) => of.metadata.name === this.#firstClass);
    return first < 0 ? classes : [...classes.slice(first), ...classes.slice(0, first)];
  }

  async #open(of: InstanceProfileClass, url: SqsQueueUrl, signal: AbortSignal): Promise<EventQueue> {
    const { drift, eventQueue } = await this.#sources.accounts.open(of, signal);
    if (eventQueue === undefined) throw new Error(`Event queue ${this.name} cannot be polled`);
    drift.keepFor(this.name);
    this.#memory = drift;
    const queue = eventQueue(url);
    if (queue !== this.#opened) this.close();
    this.#opened = queue;
    return queue;
  }
}

function urlsOf({ spec }: InstanceProfileClass): readonly SqsQueueUrl[] {
  return (spec.account.eventQueueUrls ?? []).map(parseQueueUrl).filter((url) => url !== undefined);
}
