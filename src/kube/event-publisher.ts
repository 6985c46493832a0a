import { dispositionOf } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import { newEventObject, type Reporter, seriesField } from "./event-object.ts";
import type { EventSeries } from "./event-series.ts";
import type { Exchange } from "./exchange.ts";
import { KubeObjectClient } from "./object-client.ts";
import { statusOf } from "./status-error.ts";

/** What an EventPublisher is made of. */
export interface EventPublisherOptions {
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
 * Tells the API server about series, one after the other: creates the Event of a new one, patches the count of one that
 * it knows. What is counted while a series waits goes out with it.
 *
 * Guarantees: `push` returns at once and never throws. What fails is tried a few times, then dropped with a line in the
 * log. At most 1,000 series wait.
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

  /** False, and a line in the log the first time: no more can wait. */
  hasRoom(): boolean {
    const hasRoom = this.#queue.length < maxQueued;
    if (!hasRoom && !this.#isDropping) {
      this.#options.logger.warn("Too many events wait for the API server: dropping new ones");
    }
    this.#isDropping = !hasRoom;
    return hasRoom;
  }

  /** Has the series told when its turn comes. */
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
      await this.#publish(next).catch((error: unknown) => {
        if (!this.#signal.aborted) this.#options.logger.warn("An event was not published", { err: error });
      });
    }
    this.#isPublishing = false;
  }

  async #publish(series: EventSeries): Promise<void> {
    if (series.count === series.sentCount) return;
    // What is counted from here on has to be told another time, whether this time succeeds or not.
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
        // The name is ours alone: an earlier attempt has succeeded, and only its answer was lost.
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
      if (code === 403) this.#warnOfMissingRight(error);
      // Gone after its hour, or not ours to change: an Event of its own says the same.
      await this.#create(series);
    }
  }

  #warnOfMissingRight(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.logger.warn(
      "The API server forbids to patch events, so repetitions become Events of their own: " +
        "grant the verb patch on events of events.k8s.io",
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
        const mayPass = ["retryable", "throttled"].includes(dispositionOf(error));
        if (!mayPass || attempt === maxAttempts) throw error;
        await this.#options.clock.sleep(firstRetryMs * 2 ** (attempt - 1), this.#signal);
      }
    }
  }
}
