import type { EventRecord, EventSink, KubeObject } from "../engine/ports.ts";
import { dispositionOf } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import { newEventObject, type Reporter } from "./event-object.ts";
import { KubeObjectClient } from "./object-client.ts";
import type { Exchange } from "./transport.ts";

/** What an EventRecorder is made of. */
export interface EventRecorderOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reporter: Reporter;
}

/** Beyond this the API server is in worse trouble than a missing event. */
const maxQueued = 1_000;
const maxAttempts = 5;
const firstRetryMs = 1_000;

const events = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/**
 * Publishes Kubernetes Events one after the other, in the background.
 *
 * Guarantees: `emit` returns at once and never throws. What cannot be published is tried a few times, then dropped with a
 * line in the log. At most 1,000 events wait; further ones are dropped.
 */
export class EventRecorder implements EventSink {
  readonly #client: KubeObjectClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #reporter: Reporter;
  readonly #queue: KubeObject[] = [];
  readonly #abort = new AbortController();
  #publishing: Promise<void> | undefined;
  #isDropping = false;
  #sequence = 0;

  constructor(options: EventRecorderOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#reporter = options.reporter;
    this.#client = new KubeObjectClient({
      exchange: options.exchange,
      resource: events,
      fieldManager: options.reporter.controller,
    });
  }

  emit(event: EventRecord): void {
    if (this.#abort.signal.aborted) return;
    if (this.#queue.length >= maxQueued) {
      if (!this.#isDropping) this.#logger.warn("Too many events wait for the API server: dropping new ones");
      this.#isDropping = true;
      return;
    }
    this.#isDropping = false;
    this.#sequence += 1;
    this.#queue.push(newEventObject(event, this.#reporter, this.#clock.nowMs(), this.#sequence));
    this.#publishing ??= this.#publishAll();
  }

  /** Resolves when everything emitted so far is published or dropped; once the signal aborts, what is left is dropped. */
  async flush(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#abort.abort(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    await this.#publishing;
    signal.removeEventListener("abort", giveUp);
  }

  async #publishAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#publish(next).catch((error: unknown) => {
        if (!this.#abort.signal.aborted) this.#logger.warn("An event was not published", { err: error });
      });
    }
    this.#publishing = undefined;
  }

  async #publish(event: KubeObject): Promise<void> {
    const { signal } = this.#abort;
    const { namespace } = event["metadata"] as { readonly namespace: string };
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        await this.#client.create(namespace, event, signal);
        return;
      } catch (error) {
        const mayPass = ["retryable", "throttled"].includes(dispositionOf(error));
        if (!mayPass || attempt === maxAttempts) throw error;
        await this.#clock.sleep(firstRetryMs * 2 ** (attempt - 1), signal);
      }
    }
  }
}
