import type { Logger } from "../telemetry.ts";
import type { FaultKind } from "./watch/list-watch.ts";

const advice: Readonly<Record<FaultKind, string>> = {
  expired: "The API server no longer has the state that was watched from: listing anew",
  oversize: "The API server sent a page of more bytes than are taken at once, with no fewer objects to ask for",
  malformed: "The API server sent something that cannot be understood: listing anew, so that nothing is missed",
  notFound: "The API server does not know this kind: is its CRD installed?",
  unauthorized: "The API server does not accept the credentials: are they expired, or for another cluster?",
  forbidden: "The API server forbids list or watch: does the service account have the role that the deployment ships?",
  throttled: "The API server asks for fewer requests",
  unavailable: "The API server cannot be reached, or is not ready",
  rejected: "The API server refuses to list or watch",
};

/** Faults that pass only when a person acts. */
const needsPerson: ReadonlySet<FaultKind> = new Set(["notFound", "unauthorized", "forbidden"]);

/** Says each new trouble once, loudly enough, and says when it is over; repetitions go to the debug level. */
export class FaultLog {
  readonly #logger: Logger;
  #current: { readonly kind: FaultKind; attempts: number } | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The present trouble, when it is one that only a person ends. */
  get needsPerson(): string | undefined {
    const kind = this.#current?.kind;
    return kind !== undefined && needsPerson.has(kind) ? advice[kind] : undefined;
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
    else if (needsPerson.has(kind)) this.#logger.error(advice[kind], fields);
    else this.#logger.warn(advice[kind], fields);
  }

  recovered(): void {
    if (this.#current === undefined) return;
    this.#logger.info("The API server answers again", { fault: this.#current.kind, attempts: this.#current.attempts });
    this.#current = undefined;
  }
}
