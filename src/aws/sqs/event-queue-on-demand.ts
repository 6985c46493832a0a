import type { EventQueue } from "../../engine/drift/event-queue.ts";
import type { SqsQueueUrl } from "../../model/queue-url.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import type { SqsEventQueue } from "./sqs-event-queue.ts";

/** The event queues of one set of credentials. Loads the SQS client on the first call: most installations have no queue. */
export class EventQueuesOnDemand {
  readonly #options: AwsClientOptions;
  readonly #queues = new Map<string, EventQueue>();
  readonly #opened: Promise<SqsEventQueue>[] = [];

  constructor(options: AwsClientOptions) {
    this.#options = options;
  }

  /** The queue of this URL, the same each time. Sends no request. */
  open(url: SqsQueueUrl): EventQueue {
    const queue = this.#queues.get(url.url) ?? this.#open(url);
    this.#queues.set(url.url, queue);
    return queue;
  }

  #open(url: SqsQueueUrl): EventQueue {
    let opened: Promise<SqsEventQueue> | undefined;
    const load = (): Promise<SqsEventQueue> => {
      opened ??= this.#load(url);
      return opened;
    };
    return {
      name: url.name,
      receive: async (signal) => (await load()).receive(signal),
      delete: async (messages, signal) => (await load()).delete(messages, signal),
    };
  }

  /** Closes the connections. Load errors were reported to the caller of the queue. */
  destroy(): void {
    for (const queue of this.#opened) {
      void queue.then(
        (it) => it.close(),
        () => {},
      );
    }
  }

  #load(url: SqsQueueUrl): Promise<SqsEventQueue> {
    const queue = import("./sqs-event-queue.ts").then(({ SqsEventQueue }) => new SqsEventQueue(url, this.#options));
    this.#opened.push(queue);
    return queue;
  }
}
