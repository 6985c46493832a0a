import type { EventQueue } from "../../engine/drift/event-queue.ts";
import type { SqsQueueUrl } from "../../model/queue-url.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import type { SqsEventQueue } from "./sqs-event-queue.ts";

/** The event queues of one set of credentials. Loads the SQS client on the first call: most installations have no queue. */
export class EventQueuesOnDemand {
  readonly #options: AwsClientOptions;
  readonly #queues = new Map<string, ClosableQueue>();

  constructor(options: AwsClientOptions) {
    this.#options = options;
  }

  /** The queue of this URL, the same each time until it is closed. Sends no request. */
  open(url: SqsQueueUrl): EventQueue {
    const queue = this.#queues.get(url.url) ?? this.#open(url);
    this.#queues.set(url.url, queue);
    return queue;
  }

  /** Closes the connections of all queues. */
  destroy(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  #open(url: SqsQueueUrl): ClosableQueue {
    let opened: Promise<SqsEventQueue> | undefined;
    const load = (): Promise<SqsEventQueue> => {
      opened ??= import("./sqs-event-queue.ts").then(({ SqsEventQueue }) => new SqsEventQueue(url, this.#options));
      return opened;
    };
    return {
      name: url.name,
      receive: async (signal) => (await load()).receive(signal),
      delete: async (messages, signal) => (await load()).delete(messages, signal),
      // Classes name queues, so what they no longer name must not stay. Load errors were reported to the caller of the queue.
      close: () => {
        const closing = opened;
        opened = undefined;
        this.#queues.delete(url.url);
        closing?.then(
          (queue) => queue.close(),
          () => {},
        );
      },
    };
  }
}

type ClosableQueue = EventQueue & Required<Pick<EventQueue, "close">>;
