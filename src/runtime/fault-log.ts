import type { Logger } from "../telemetry.ts";
import type { FaultKind } from "./watch/list-watch.ts";

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
