import type { Clock } from "../clock.ts";
import type { FaultKind, ListPage, ListWatch } from "./list-watch.ts";
import type { Snapshot } from "./snapshot.ts";
import { NoEndOfListError, streamSnapshot } from "./streamed-list.ts";

/** Like client-go: large enough for few round trips, small enough for the server's memory. */
const pageSize = 500;
/** From 500 objects a page to one in four steps. */
const SMALLER_BY = 5;

/** What a server without streams answers. */
const refusals: ReadonlySet<FaultKind> = new Set(["rejected", "notFound"]);

/** A list would fare no better, or the server asks to be left alone: not the time to ask in another way. */
const wouldFailListsToo: ReadonlySet<FaultKind> = new Set(["unavailable", "throttled", "unauthorized"]);

/**
 * Reads all objects: as a stream where the server has that, which spares it a copy of everything in memory, else in pages.
 *
 * A server that refuses to stream, or never says that the list is complete, is not asked again once a list in pages has
 * shown that it is well otherwise. After any other failure of a stream the next list is one in pages: whatever breaks
 * streams cannot keep the cache from filling.
 */
export class SnapshotReader {
  readonly #listWatch: ListWatch;
  readonly #clock: Clock;
  #way: "stream" | "pages once" | "pages" = "stream";

  constructor(listWatch: ListWatch, clock: Clock) {
    this.#listWatch = listWatch;
    this.#clock = clock;
  }

  /** Errors: what list and stream throw; the signal's reason when it aborts. */
  async take(signal: AbortSignal): Promise<Snapshot> {
    if (this.#listWatch.stream === undefined || this.#way === "pages") return takePages(this.#listWatch, signal);
    if (this.#way === "pages once") {
      this.#way = "stream";
      return takePages(this.#listWatch, signal);
    }
    try {
      return await streamSnapshot(this.#listWatch, this.#clock, signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#takePagesInstead(error, signal);
    }
  }

  async #takePagesInstead(error: unknown, signal: AbortSignal): Promise<Snapshot> {
    const hasNoEnd = error instanceof NoEndOfListError;
    const { kind } = this.#listWatch.faultOf(error);
    if (!hasNoEnd && wouldFailListsToo.has(kind)) {
      this.#way = "pages once";
      throw error;
    }
    const snapshot = await takePages(this.#listWatch, signal);
    // Only now: a kind whose CRD is missing is refused in every way, and a network that is silent says nothing of the server.
    if (hasNoEnd ? error.end !== "closed" : refusals.has(kind)) this.#way = "pages";
    return snapshot;
  }
}

/**
 * Reads all objects in pages of one consistent snapshot. A list that takes so long that the server forgets the snapshot
 * in between (410) starts again in one piece, which cannot expire.
 */
async function takePages(listWatch: ListWatch, signal: AbortSignal): Promise<Snapshot> {
  const pages = new Pages(listWatch, signal);
  const first = await pages.next(undefined);
  if (first.continueToken === undefined) return first;
  try {
    return await followPages(pages, first);
  } catch (error) {
    // What does not come in a page of the usual size does not come in one piece.
    if (pages.areSmaller || listWatch.faultOf(error).kind !== "expired") throw error;
    return listWatch.list({ limit: undefined, continueToken: undefined, signal });
  }
}

/** The pages of a list. Where one is larger than may come at once, it and those after it have fewer objects. */
class Pages {
  readonly #listWatch: ListWatch;
  readonly #signal: AbortSignal;
  #limit = pageSize;

  constructor(listWatch: ListWatch, signal: AbortSignal) {
    this.#listWatch = listWatch;
    this.#signal = signal;
  }

  /** True once a page of the usual size was too large. */
  get areSmaller(): boolean {
    return this.#limit < pageSize;
  }

  async next(continueToken: string | undefined): Promise<ListPage> {
    for (;;) {
      try {
        return await this.#listWatch.list({ limit: this.#limit, continueToken, signal: this.#signal });
      } catch (error) {
        if (this.#limit === 1 || this.#listWatch.faultOf(error).kind !== "oversize") throw error;
        this.#limit = Math.ceil(this.#limit / SMALLER_BY);
      }
    }
  }
}

async function followPages(pages: Pages, first: ListPage): Promise<Snapshot> {
  const items = [...first.items];
  let continueToken = first.continueToken;
  while (continueToken !== undefined) {
    const page = await pages.next(continueToken);
    for (const item of page.items) items.push(item);
    continueToken = page.continueToken;
  }
  // The first page's version: should a later page show a newer state, the watch repeats what happened in between.
  return { items, resourceVersion: first.resourceVersion };
}
