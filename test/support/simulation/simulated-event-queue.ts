import type { EventQueue, QueueMessage } from "../../../src/engine/drift/event-queue.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import type { MessageQueue } from "../../../src/sandbox/aws/sqs/message-queue.ts";

/** How long a request takes. */
const REQUEST_MS = 10;
/** How long CloudTrail and EventBridge take at most. */
const DELIVERY_MS = 500;
const WAIT_MS = 20_000;

/** A queue of the sandbox's AWS in virtual time, on whose way a test decides what becomes of the messages. */
export class SimulatedEventQueue implements EventQueue {
  readonly name: string;
  /** What is delivered in place of the messages of one batch. */
  deliver: (messages: readonly QueueMessage[]) => readonly QueueMessage[] = (messages) => messages;
  /** Raised by the next calls. */
  fault: Error | undefined;
  received = 0;
  /** The number of calls that wait for messages. */
  waiting = 0;
  readonly #queue: () => MessageQueue;
  readonly #clock: Clock;

  constructor(queue: () => MessageQueue, clock: Clock, name = "us-east-1/123456789012/drift-events") {
    this.name = name;
    this.#queue = queue;
    this.#clock = clock;
  }

  async receive(signal: AbortSignal): Promise<readonly QueueMessage[]> {
    this.waiting += 1;
    try {
      return await this.#receive(signal);
    } finally {
      this.waiting -= 1;
    }
  }

  async #receive(signal: AbortSignal): Promise<readonly QueueMessage[]> {
    for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += DELIVERY_MS) {
      await this.#clock.sleep(waitedMs === 0 ? REQUEST_MS : DELIVERY_MS, signal);
      if (this.fault !== undefined) throw this.fault;
      const found = this.#queue().receive(10);
      this.received += found.length;
      const messages = found.map(({ Body, ReceiptHandle }) => ({ body: Body, receipt: ReceiptHandle }));
      if (messages.length > 0) return this.deliver(messages);
    }
    return [];
  }

  async delete(messages: readonly QueueMessage[]): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    for (const { receipt } of messages) this.#queue().delete(receipt);
  }
}
