import type { EventRecord, ObjectKey } from "../engine/ports.ts";
import { LruMap } from "../model/lru-map.ts";

/** client-go's numbers: https://github.com/kubernetes/client-go/blob/master/tools/events/event_broadcaster.go */
const FINISH_AFTER_MS = 360_000;
const REFRESH_AFTER_MS = 1_800_000;
const MAX_SERIES = 4_096;

/** One Event and its repetitions. Times are monotonic, except those named `AtMs`, which appear in the Event. */
export interface EventSeries {
  readonly event: EventRecord;
  readonly startedAtMs: number;
  /** Key of the Event on the API server; undefined before it is created. */
  key: ObjectKey | undefined;
  count: number;
  observedMs: number;
  observedAtMs: number;
  /** The count that was last published, or whose publication failed. */
  sentCount: number;
  sentMs: number;
  /** Whether it is in the publisher's queue. */
  isQueued: boolean;
}

/** One point in time on both clocks, ms. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * Groups repeated Events into series: equal in everything but the object's resource version, and at most six minutes apart.
 * The note is part of the key, because the API server rejects changes to it.
 *
 * Keeps the 4,096 series used last; `onEvict` receives an evicted one with an unpublished count.
 */
export class EventSeriesCache {
  readonly #series: LruMap<EventSeries>;
  readonly #onRemoved: (series: EventSeries) => void;

  constructor(onEvict: (series: EventSeries) => void) {
    this.#onRemoved = (series) => {
      if (isUnpublished(series)) onEvict(series);
    };
    this.#series = new LruMap<EventSeries>(MAX_SERIES, this.#onRemoved);
  }

  /** Counts the event in its series; undefined if there is no current series. */
  countRepetition(event: EventRecord, now: Moment): EventSeries | undefined {
    const series = this.#series.get(keyOf(event));
    if (series === undefined || now.monotonicMs - series.observedMs > FINISH_AFTER_MS) return undefined;
    series.count += 1;
    series.observedMs = now.monotonicMs;
    series.observedAtMs = now.wallMs;
    return series;
  }

  /** Starts a series with its first event. */
  start(event: EventRecord, now: Moment): EventSeries {
    const series: EventSeries = {
      event,
      startedAtMs: now.wallMs,
      key: undefined,
      count: 1,
      observedMs: now.monotonicMs,
      observedAtMs: now.wallMs,
      sentCount: 0,
      sentMs: now.monotonicMs,
      isQueued: false,
    };
    const key = keyOf(event);
    const finished = this.#series.get(key);
    if (finished !== undefined) this.#onRemoved(finished);
    this.#series.set(key, series);
    return series;
  }

  /** Returns the series with an unpublished count that are not queued. */
  unpublished(): readonly EventSeries[] {
    return [...this.#series.values()].filter(isUnpublished);
  }
}

/** Returns when a count must be published: once the series is silent, or half an hour after its last publication. */
export function dueMs(series: EventSeries): number {
  return Math.min(series.observedMs + FINISH_AFTER_MS, series.sentMs + REFRESH_AFTER_MS);
}

function isUnpublished(series: EventSeries): boolean {
  return series.count > series.sentCount && !series.isQueued;
}

/** Excludes the resource version, which every status write changes. */
function keyOf({ type, action, reason, note, regarding }: EventRecord): string {
  const { apiVersion, kind, namespace, name, uid } = regarding;
  return JSON.stringify([type, action, reason, note, apiVersion, kind, namespace, name, uid]);
}
