import type { Clock } from "../clock.ts";
import type { ListPage, ListRequest, ListWatch, ListWatchFault, WatchEvent, WatchRequest } from "./list-watch.ts";

/** Interval between two checks whether the kind exists. */
const POLL_MS = 30_000;

/** The resource version of a kind that does not exist. No server uses this value. */
const ABSENT = "absent";

/** The kind was absent when it was listed and exists now, so the list has expired. */
class KindAppeared extends Error {}

/**
 * A ListWatch of a kind whose CRD is optional: while the API server does not know the kind, it has no objects. Detects within
 * half a minute that it was installed.
 *
 * Guarantees: only the server's response that it does not know the kind counts as absence; other faults are passed on.
 */
export class OptionalKindListWatch implements ListWatch {
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
    else await this.#waitUntilPresent(request.signal);
  }

  faultOf(error: unknown): ListWatchFault {
    return error instanceof KindAppeared ? { kind: "expired" } : this.#inner.faultOf(error);
  }

  /** Polls until the kind exists. Errors: KindAppeared; the faults of listing; the signal's reason. */
  async #waitUntilPresent(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#clock.sleep(POLL_MS, signal);
      const { resourceVersion } = await this.list({ limit: 1, continueToken: undefined, signal });
      if (resourceVersion !== ABSENT) throw new KindAppeared("The kind exists now");
    }
  }
}
