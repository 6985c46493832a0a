import type { Clock } from "../clock.ts";
import type { ListPage, ListRequest, ListWatch, ListWatchFault, WatchEvent, WatchRequest } from "./list-watch.ts";

/** Between two looks whether the kind is there by now. */
const POLL_MS = 30_000;

/** The state of a kind that does not exist. No server names one so. */
const ABSENT = "absent";

/** The kind was absent when it was listed, and is there now: so the list is as stale as one can be. */
class KindHasCome extends Error {}

/**
 * A kind whose CRD need not be installed: while the API server does not know it, it has no objects. It is noticed within half a minute
 * when that changes.
 *
 * Guarantees: only the server's own word that it does not know the kind counts as absence; every other fault is one.
 */
export class AbsentKindIsEmpty implements ListWatch {
  readonly #inner: ListWatch;
  readonly #clock: Clock;

  constructor(inner: ListWatch, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  async list(request: ListRequest): Promise<ListPage> {
    try {
      return await this.#inner.list(request);
    } catch (error) {
      if (this.#inner.faultOf(error).kind !== "notFound") throw error;
      return { items: [], resourceVersion: ABSENT };
    }
  }

  async *watch(request: WatchRequest): AsyncGenerator<WatchEvent> {
    if (request.resourceVersion !== ABSENT) yield* this.#inner.watch(request);
    else await this.#untilItComes(request.signal);
  }

  faultOf(error: unknown): ListWatchFault {
    return error instanceof KindHasCome ? { kind: "expired" } : this.#inner.faultOf(error);
  }

  /** Errors: KindHasCome; the faults of listing; the signal's reason. */
  async #untilItComes(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#clock.sleep(POLL_MS, signal);
      const { resourceVersion } = await this.list({ limit: 1, continueToken: undefined, signal });
      if (resourceVersion !== ABSENT) throw new KindHasCome("The kind is there now");
    }
  }
}
