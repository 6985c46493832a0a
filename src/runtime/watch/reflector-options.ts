import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { FaultKind, ListWatch, WatchEvent } from "./list-watch.ts";
import { DEFAULT_RECONNECT_POLICY, type ReconnectPolicy } from "./reflector-faults.ts";
import type { Indexers, ObjectChange } from "./store.ts";
import type { WatchEnd } from "./watch-session.ts";

/** Time limits of a watch; the defaults suit an API server, tests shorten them. */
export interface ReflectorTimings {
  /** The server ends a watch after this to twice this time, so that watches spread over its replicas. */
  readonly minWatchSeconds: number;
  /** Maximum silence: three times the interval of bookmarks, which come about once a minute. */
  readonly maxSilenceMs: number;
  /** How much longer than requested a watch can last. */
  readonly watchGraceMs: number;
  /** A shorter watch counts as a fault, so that a faulty server cannot cause a tight loop. */
  readonly shortWatchMs: number;
  /** When a watch ends and the last list is older than this, list again: that finds what watches have missed. */
  readonly relistAfterMs: number;
  readonly reconnect: ReconnectPolicy;
}

/** client-go's values, plus two of its own: the silence limit, which client-go leaves to HTTP/2, and the lists. */
export const DEFAULT_REFLECTOR_TIMINGS: ReflectorTimings = {
  minWatchSeconds: 300,
  maxSilenceMs: 180_000,
  watchGraceMs: 30_000,
  shortWatchMs: 1_000,
  relistAfterMs: 1_800_000,
  reconnect: DEFAULT_RECONNECT_POLICY,
};

/** Observer of the reflector, for metrics and readiness. Called synchronously; must not throw. */
export interface ReflectorObserver {
  listed?(objects: number, durationMs: number): void;
  watchEnded?(end: WatchEnd | "failed"): void;
  eventReceived?(type: WatchEvent["type"]): void;
  faulted?(kind: FaultKind): void;
  handlerFailed?(): void;
}

/** Dependencies of a Reflector. */
export interface ReflectorOptions {
  /** The kind, for the log. */
  readonly kind: string;
  readonly listWatch: ListWatch;
  /** The indexes of the cache; default: none. */
  readonly indexers?: Indexers;
  /** Called synchronously, in order, after the cache has changed. Errors are logged and otherwise ignored. */
  readonly onChange: (change: ObjectChange) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly timings?: Partial<ReflectorTimings>;
  readonly observer?: ReflectorObserver | undefined;
}
