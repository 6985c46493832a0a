import type { EventRecord, EventSink, ObjectReference } from "../engine/ports.ts";
import { LruMap } from "../model/lru-map.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import { EventPublisher, type EventPublisherOptions } from "./event-publisher.ts";
import { dueMs, EventSeriesCache, type Moment } from "./event-series.ts";

/** Minimum interval between two checks for due counts, because the queue can be full. */
const MIN_CHECK_INTERVAL_MS = 1_000;

/**
 * Publishes Kubernetes Events in the background.
 *
 * An Event that repeats within six minutes becomes a series of the existing Event: the second occurrence is published at
 * once; later counts when nothing came for six minutes, every half an hour, and by `flush`.
 *
 * Guarantees: `emit` returns at once and never throws; memory is bounded. One object can emit 25 Events at once and then one
 * per five minutes; further Events are dropped, further repetitions are only counted.
 */
export class EventRecorder implements EventSink {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #publisher: EventPublisher;
  readonly #limit = new EventLimit();
  readonly #cache: EventSeriesCache;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;

  constructor(options: EventPublisherOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    const publisher = new EventPublisher(options, this.#abort.signal);
    this.#publisher = publisher;
    this.#cache = new EventSeriesCache((series) => publisher.push(series));
  }

  emit(event: EventRecord): void {
    if (this.#abort.signal.aborted) return;
    const now: Moment = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.nowMs() };
    const series = this.#cache.countRepetition(event, now);
    if (series === undefined) {
      this.#first(event, now);
      return;
    }
    if (series.count === 2 && this.#limit.take(event.regarding, now.monotonicMs)) this.#publisher.push(series);
    this.#arm();
  }

  /**
   * Resolves when everything emitted so far is published or dropped, counts included. When the signal aborts, the rest is
   * dropped.
   */
  async flush(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => {
      this.#disarm();
      this.#abort.abort(signal.reason);
    };
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    // Repetitions can be counted during the publication: publish them in a second round.
    await this.#publisher.whenIdle();
    for (const series of this.#cache.unpublished()) this.#publisher.push(series);
    await this.#publisher.whenIdle();
    this.#disarm();
    signal.removeEventListener("abort", giveUp);
  }

  #first(event: EventRecord, now: Moment): void {
    if (!this.#publisher.hasRoom()) return;
    if (this.#limit.take(event.regarding, now.monotonicMs)) {
      this.#publisher.push(this.#cache.start(event, now));
      return;
    }
    const { namespace, name } = event.regarding;
    this.#logger.debug("Event dropped: its object has reached the limit", { namespace, name, reason: event.reason });
  }

  /** Schedules the publication of counts. A later count can be due earlier, but by six minutes at most. */
  #arm(): void {
    if (this.#timer !== undefined) return;
    const waiting = this.#cache.unpublished();
    if (waiting.length === 0) return;
    const firstMs = Math.min(...waiting.map(dueMs));
    const delayMs = Math.max(MIN_CHECK_INTERVAL_MS, firstMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#publishDue();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #publishDue(): void {
    if (this.#abort.signal.aborted) return;
    const nowMs = this.#clock.monotonicMs();
    for (const series of this.#cache.unpublished()) if (dueMs(series) <= nowMs) this.#publisher.push(series);
    this.#arm();
  }
}

/** client-go's spam filter: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go */
const burst = 25;
const REFILL_MS = 300_000;
const maxObjects = 4_096;

/** A token bucket: `tokens` as of `atMs`. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Limits the Events of each object: 25 at once, then one in five minutes. An object whose failures vary can then fill neither
 * etcd nor the output of kubectl, and does not use up the budget of other objects.
 *
 * Remembers the 4,096 objects with the latest Events; any other object starts with a full bucket.
 */
class EventLimit {
  readonly #buckets = new LruMap<Bucket>(maxObjects);

  /** Takes one Event from the object's budget; returns false if it is used up. `nowMs` is monotonic. */
  take(regarding: ObjectReference, nowMs: number): boolean {
    const { apiVersion, kind, namespace, name, uid } = regarding;
    const key = [apiVersion, kind, namespace, name, uid].join("/");
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
