import type { EventRecord } from "../engine/ports.ts";
import { dispositionOf } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import { newEventObject, type Reporter, seriesField } from "./event-object.ts";
import type { EventSeries } from "./event-series.ts";
import type { Exchange } from "./exchange.ts";
import { KubeObjectClient } from "./object-client.ts";
import { statusOf } from "./status-error.ts";

/** Dependencies of an EventPublisher. */
export interface EventPublisherOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reporter: Reporter;
}

/** Longer queues mean an outage of the API server, which matters more than missing Events. */
const MAX_QUEUED = 1_000;
const MAX_ATTEMPTS = 5;
const FIRST_RETRY_MS = 1_000;

const events = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/**
 * Publishes series to the API server, one after the other: creates the Event of a new series, and patches the count of a
 * published one. Repetitions counted while a series is queued are included.
 *
 * Guarantees: `push` returns at once and never throws. Failed requests are retried a few times, then dropped and logged. At
 * most 1,000 series are queued.
 */
export class EventPublisher {
  readonly #options: EventPublisherOptions;
  readonly #client: KubeObjectClient;
  readonly #signal: AbortSignal;
  readonly #queue: EventSeries[] = [];
  #publishing: Promise<void> = Promise.resolve();
  #isPublishing = false;
  #isDropping = false;
  #hasWarned = false;
  #sequence = 0;

  constructor(options: EventPublisherOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    const { exchange, reporter } = options;
    this.#client = new KubeObjectClient({ exchange, resource: events, fieldManager: reporter.controller });
  }

  /** Returns false if the queue is full, and logs it the first time. */
  hasRoom(): boolean {
    const hasRoom = this.#queue.length < MAX_QUEUED;
    if (!hasRoom && !this.#isDropping) {
      this.#options.logger.warn("Too many Events are queued for the API server; new Events are dropped");
    }
    this.#isDropping = !hasRoom;
    return hasRoom;
  }

  /** Queues the series for publication. */
  push(series: EventSeries): void {
    if (series.isQueued || !this.hasRoom()) return;
    series.isQueued = true;
    this.#queue.push(series);
    if (!this.#isPublishing) this.#publishing = this.#publishAll();
  }

  /** Resolves when everything pushed so far is published or dropped. */
  whenIdle(): Promise<void> {
    return this.#publishing;
  }

  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.isQueued = false;
      const { event } = next;
      await this.#publish(next).catch((error: unknown) => this.#logFailure(event, error));
    }
    this.#isPublishing = false;
  }

  /** An Event about an object in a namespace that is being deleted cannot be stored, so the log keeps it. */
  #logFailure({ reason, note, regarding }: EventRecord, error: unknown): void {
    if (this.#signal.aborted) return;
    const { logger } = this.#options;
    const { namespace, name } = regarding;
    if (isOfEndingNamespace(error))
      logger.info("Event dropped: its namespace is being deleted", { namespace, name, reason, note });
    else logger.warn("Failed to publish an Event", { err: error });
  }

  async #publish(series: EventSeries): Promise<void> {
    if (series.count === series.sentCount) return;
    // Repetitions counted from here on are published next time, whether this attempt succeeds or not.
    series.sentCount = series.count;
    series.sentMs = this.#options.clock.monotonicMs();
    if (series.key === undefined) await this.#create(series);
    else await this.#patch(series);
  }

  async #create(series: EventSeries): Promise<void> {
    this.#sequence += 1;
    const object = newEventObject(series.event, this.#options.reporter, series.startedAtMs, this.#sequence);
    const isSeries = series.count > 1;
    const whole = isSeries ? { ...object, series: seriesField(series.count, series.observedAtMs) } : object;
    const { namespace } = object.metadata;
    await this.#attempt(async (attempt) => {
      try {
        await this.#client.create(namespace, whole, this.#signal);
      } catch (error) {
        // The name is unique, so an earlier attempt succeeded and its response was lost.
        if (attempt === 1 || statusOf(error)?.httpCode !== 409) throw error;
      }
    });
    series.key = object.metadata;
  }

  async #patch(series: EventSeries): Promise<void> {
    const { key } = series;
    if (key === undefined) return;
    const value = seriesField(series.count, series.observedAtMs);
    try {
      await this.#attempt(() => this.#client.patch(key, [{ op: "add", path: "/series", value }], this.#signal));
    } catch (error) {
      const code = statusOf(error)?.httpCode;
      if (code !== 403 && code !== 404) throw error;
      if (code === 403) this.#warnOfMissingPermission(error);
      // The Event has expired after its hour, or patching it is denied: create a new Event with the same content.
      await this.#create(series);
    }
  }

  #warnOfMissingPermission(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.logger.warn(
      "Not authorized to patch Events, so each repetition creates a new Event. " +
        "Grant the verb patch on events of events.k8s.io.",
      { err: error },
    );
  }

  async #attempt(send: (attempt: number) => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.#signal.throwIfAborted();
      try {
        await send(attempt);
        return;
      } catch (error) {
        const isTransient = ["retryable", "throttled"].includes(dispositionOf(error));
        if (!isTransient || attempt === MAX_ATTEMPTS) throw error;
        await this.#options.clock.sleep(FIRST_RETRY_MS * 2 ** (attempt - 1), this.#signal);
      }
    }
  }
}

/** True when the API server stores nothing in the namespace, because it is being deleted or is gone. */
function isOfEndingNamespace(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  const isGone = status.httpCode === 404 && status.message.startsWith("namespaces ");
  return isGone || status.causes.some(({ reason }) => reason === "NamespaceTerminating");
}
