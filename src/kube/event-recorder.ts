import type { EventRecord, EventSink } from "../engine/ports.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import { EventLimit } from "./event-limit.ts";
import { EventPublisher, type EventPublisherOptions } from "./event-publisher.ts";
import { dueMs, EventSeriesCache, type Moment } from "./event-series.ts";

/** The least time between two looks at what is due: the queue may be full. */
const minLookMs = 1_000;

/**
 * Publishes Kubernetes Events in the background.
 *
 * An event that comes again within six minutes becomes a series of the Event that is there: the second one at once, from
 * then on the count is told when nothing came for six minutes, every half an hour, and by `flush`.
 *
 * Guarantees: `emit` returns at once and never throws; its memory is bounded. One object has 25 events at once and another
 * one each five minutes; further ones are dropped, further repetitions only counted.
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
    const series = this.#cache.again(event, now);
    if (series === undefined) {
      this.#first(event, now);
      return;
    }
    if (series.count === 2 && this.#limit.take(event.regarding, now.monotonicMs)) this.#publisher.push(series);
    this.#arm();
  }

  /**
   * Resolves when everything emitted so far is published or dropped, counts included; once the signal aborts, what is left
   * is dropped.
   */
  async flush(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => {
      this.#disarm();
      this.#abort.abort(signal.reason);
    };
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    // What is on its way may be counted on meanwhile: told once more after that.
    await this.#publisher.whenIdle();
    for (const series of this.#cache.untold()) this.#publisher.push(series);
    await this.#publisher.whenIdle();
    this.#disarm();
    signal.removeEventListener("abort", giveUp);
  }

  #first(event: EventRecord, now: Moment): void {
    if (!this.#publisher.hasRoom()) return;
    if (this.#limit.take(event.regarding, now.monotonicMs)) {
      this.#publisher.push(this.#cache.begin(event, now));
      return;
    }
    const { namespace, name } = event.regarding;
    this.#logger.debug("An event was dropped: its object has had too many", { namespace, name, reason: event.reason });
  }

  /** Has the counts told when the first is due. A count of later may be due sooner, but not by more than six minutes. */
  #arm(): void {
    if (this.#timer !== undefined) return;
    const waiting = this.#cache.untold();
    if (waiting.length === 0) return;
    const firstMs = Math.min(...waiting.map(dueMs));
    const delayMs = Math.max(minLookMs, firstMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#tellDue();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tellDue(): void {
    if (this.#abort.signal.aborted) return;
    const nowMs = this.#clock.monotonicMs();
    for (const series of this.#cache.untold()) if (dueMs(series) <= nowMs) this.#publisher.push(series);
    this.#arm();
  }
}
