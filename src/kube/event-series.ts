import type { EventRecord, ObjectKey } from "../engine/ports.ts";
import { LruMap } from "../model/lru-map.ts";

/** client-go's numbers: https://github.com/kubernetes/client-go/blob/master/tools/events/event_broadcaster.go */
const finishAfterMs = 360_000;
const refreshAfterMs = 1_800_000;
const maxSeries = 4_096;

/** One event and how often it happened. Times are monotonic, but for those called `AtMs`, which people read. */
export interface EventSeries {
  readonly event: EventRecord;
  readonly startedAtMs: number;
  /** Of the Event on the API server; undefined while there is none. */
  key: ObjectKey | undefined;
  count: number;
  observedMs: number;
  observedAtMs: number;
  /** The count that the API server was last told, or was in vain tried to be told. */
  sentCount: number;
  sentMs: number;
  /** It is waiting for its turn to be told. */
  isQueued: boolean;
}

/** A moment on both clocks, ms. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * Which events are the same one again: alike in all but the version of the object, and at most six minutes apart. The
 * note is part of that, because the API server lets nobody change it.
 *
 * The 4,096 series last used are remembered; `onEvict` hears of one that must go with a count that nobody was told.
 */
export class EventSeriesCache {
  readonly #series: LruMap<EventSeries>;
  readonly #letGo: (series: EventSeries) => void;

  constructor(onEvict: (series: EventSeries) => void) {
    this.#letGo = (series) => {
      if (isUntold(series)) onEvict(series);
    };
    this.#series = new LruMap<EventSeries>(maxSeries, this.#letGo);
  }

  /** Counts the event in the series it belongs to; undefined when it is the first of its kind. */
  again(event: EventRecord, now: Moment): EventSeries | undefined {
    const series = this.#series.get(keyOf(event));
    if (series === undefined || now.monotonicMs - series.observedMs > finishAfterMs) return undefined;
    series.count += 1;
    series.observedMs = now.monotonicMs;
    series.observedAtMs = now.wallMs;
    return series;
  }

  /** Begins a series with its first event. */
  begin(event: EventRecord, now: Moment): EventSeries {
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
    if (finished !== undefined) this.#letGo(finished);
    this.#series.set(key, series);
    return series;
  }

  /** The series whose count the API server does not have, and is not about to be told. */
  untold(): readonly EventSeries[] {
    return [...this.#series.values()].filter(isUntold);
  }
}

/** When the API server has to hear of an untold count: once the series is silent, or half an hour after it last heard. */
export function dueMs(series: EventSeries): number {
  return Math.min(series.observedMs + finishAfterMs, series.sentMs + refreshAfterMs);
}

function isUntold(series: EventSeries): boolean {
  return series.count > series.sentCount && !series.isQueued;
}

/** Without the resource version: each status write gives the object another. */
function keyOf({ type, action, reason, note, regarding }: EventRecord): string {
  const { apiVersion, kind, namespace, name, uid } = regarding;
  return JSON.stringify([type, action, reason, note, apiVersion, kind, namespace, name, uid]);
}
