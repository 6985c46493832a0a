import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { FaultKind, ListWatch, WatchEvent } from "./list-watch.ts";
import { defaultReconnectPolicy, type ReconnectPolicy } from "./reconnect-delay.ts";
import type { ObjectChange } from "./store.ts";
import type { WatchEnd } from "./watch-session.ts";

/** Limits of a watch; the defaults suit an API server, tests shorten them. */
export interface ReflectorTimings {
  /** The server is asked to end a watch after this to twice this, so that watches spread over its replicas. */
  readonly minWatchSeconds: number;
  /** Three times the distance of bookmarks, which come about once a minute. */
  readonly maxSilenceMs: number;
  /** How much longer than asked for a watch may last. */
  readonly watchGraceMs: number;
  /** A watch that ends sooner is treated like a fault, lest a sick server makes us loop. */
  readonly shortWatchMs: number;
  /** When a watch ends and the last list is older than this, the next one is a list: it finds what no watch has told. */
  readonly relistAfterMs: number;
  readonly reconnect: ReconnectPolicy;
}

/** client-go's numbers, and two that it has not: a watchdog, which it leaves to HTTP/2, and the lists. */
export const defaultReflectorTimings: ReflectorTimings = {
  minWatchSeconds: 300,
  maxSilenceMs: 180_000,
  watchGraceMs: 30_000,
  shortWatchMs: 1_000,
  relistAfterMs: 1_800_000,
  reconnect: defaultReconnectPolicy,
};

/** Hears what the reflector does: the seam for metrics and readiness. Called synchronously; must not throw. */
export interface ReflectorObserver {
  listed?(objects: number, durationMs: number): void;
  watchEnded?(end: WatchEnd | "failed"): void;
  eventReceived?(type: WatchEvent["type"]): void;
  faulted?(kind: FaultKind): void;
  handlerFailed?(): void;
}

/** What a Reflector is made of. */
export interface ReflectorOptions {
  /** The kind, for the log. */
  readonly kind: string;
  readonly listWatch: ListWatch;
  /** Called synchronously, in order, after the cache has changed. What it throws is logged and otherwise ignored. */
  readonly onChange: (change: ObjectChange) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly timings?: Partial<ReflectorTimings>;
  readonly observer?: ReflectorObserver | undefined;
}
