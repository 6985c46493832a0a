import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { FaultKind } from "./list-watch.ts";

/** Delays between the attempts of a reflector; see {@link DEFAULT_RECONNECT_POLICY}. */
export interface ReconnectPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** After this time without a fault the delay starts at the base again. */
  readonly resetAfterMs: number;
}

/**
 * As https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go, but up to 10 s instead of 30 s: what has
 * changed while the API server was away is in the cache within half a minute.
 */
export const DEFAULT_RECONNECT_POLICY: ReconnectPolicy = { baseMs: 800, capMs: 10_000, resetAfterMs: 120_000 };

/** Growing delays between attempts to reach the API server, each randomly up to doubled so that clients spread out. */
export class ReconnectDelay {
  readonly #policy: ReconnectPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  #faults = 0;
  #lastFaultMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number, policy: ReconnectPolicy = DEFAULT_RECONNECT_POLICY) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts one more fault and returns the delay, ms; never less than the server requested. */
  nextMs(retryAfterMs: number = 0): number {
    const { baseMs, capMs, resetAfterMs } = this.#policy;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastFaultMs >= resetAfterMs) this.#faults = 0;
    this.#lastFaultMs = nowMs;
    const delayMs = Math.min(capMs, baseMs * 2 ** this.#faults) * (1 + this.#random());
    this.#faults += 1;
    return Math.max(delayMs, retryAfterMs);
  }
}

const advice: Readonly<Record<FaultKind, string>> = {
  expired: "The resource version has expired on the API server; listing again",
  rewound: "The API server went back to an earlier state, so etcd was restored from a backup; listing again",
  oversize: "A page from the API server exceeds the size limit, even with one object",
  malformed: "The API server sent an invalid response; listing again, so that nothing is missed",
  notFound: "The API server does not know this kind. Install its CRD.",
  unauthorized: "The API server rejects the credentials. Check whether they have expired or are for another cluster.",
  forbidden: "Not authorized to list or watch. Bind the role that the deployment ships to the service account.",
  throttled: "The API server throttles requests",
  unavailable: "The API server is unreachable or not ready",
  rejected: "The API server rejects the list or watch request",
};

/** Faults that require manual intervention. */
const NEEDS_INTERVENTION: ReadonlySet<FaultKind> = new Set(["notFound", "unauthorized", "forbidden"]);

/** Logs each new fault once, at a level that fits, and its end; repetitions at debug level. */
export class FaultLog {
  readonly #logger: Logger;
  #current: { readonly kind: FaultKind; attempts: number } | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Advice for the current fault, if it requires manual intervention. */
  get interventionNeeded(): string | undefined {
    const kind = this.#current?.kind;
    return kind !== undefined && NEEDS_INTERVENTION.has(kind) ? advice[kind] : undefined;
  }

  failed(kind: FaultKind, error: unknown, retryInMs: number): void {
    const fields = { fault: kind, retryInMs: Math.round(retryInMs), err: error };
    if (this.#current?.kind === kind) {
      this.#current.attempts += 1;
      this.#logger.debug(advice[kind], fields);
      return;
    }
    this.#current = { kind, attempts: 1 };
    if (kind === "expired") this.#logger.info(advice[kind], fields);
    else if (NEEDS_INTERVENTION.has(kind)) this.#logger.error(advice[kind], fields);
    else this.#logger.warn(advice[kind], fields);
  }

  recovered(): void {
    if (this.#current === undefined) return;
    this.#logger.info("The API server responds again", { fault: this.#current.kind, attempts: this.#current.attempts });
    this.#current = undefined;
  }
}
