import { MessageQueue } from "./message-queue.ts";

/** The queue to which the sandbox's EventBridge sends all changes in IAM and EC2, of all accounts. */
export const DRIFT_EVENTS = "drift-events";

/** The queues of the home account. */
export class Queues {
  readonly #now: () => number;
  readonly #byName = new Map<string, MessageQueue>();

  constructor(now: () => number) {
    this.#now = now;
    this.create(DRIFT_EVENTS);
  }

  get(name: string): MessageQueue | undefined {
    return this.#byName.get(name);
  }

  /** The queue of this name, which exists afterwards. */
  create(name: string): MessageQueue {
    const known = this.#byName.get(name) ?? new MessageQueue(this.#now);
    this.#byName.set(name, known);
    return known;
  }

  /** Sends an event to the queue of the rule. */
  publish(event: string): void {
    this.#byName.get(DRIFT_EVENTS)?.send(event);
  }

  /** Empties the queue of the rule, and removes the others. */
  clear(): void {
    this.#byName.clear();
    this.create(DRIFT_EVENTS);
  }
}
