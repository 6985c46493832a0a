import type { Clock } from "../clock.ts";
import {
  type FaultKind,
  type InitialEvent,
  keyOf,
  type ListPage,
  type ListWatch,
  type WatchedObject,
} from "./list-watch.ts";
import { runWatch, type WatchEnd } from "./watch-session.ts";

/** client-go's page size: few round trips, and bounded memory on the server. */
const PAGE_SIZE = 500;
/** Divisor for the page size after an oversize page: from 500 objects to one in four steps. */
const PAGE_SIZE_DIVISOR = 5;

/** The faults of servers that do not support streaming lists. */
const STREAM_UNSUPPORTED: ReadonlySet<FaultKind> = new Set(["rejected", "notFound"]);

/** Faults that a list would meet too, or with which the server asks for fewer requests. */
const ALSO_FAILS_LISTS: ReadonlySet<FaultKind> = new Set(["unavailable", "throttled", "unauthorized"]);

/**
 * Reads all objects: as a stream where the server supports it, which saves the server a full copy in memory, else in pages.
 *
 * A server that rejects streaming, or never sends the end of the list, is not asked to stream again once a paginated list has
 * succeeded. After any other failure of a stream the next list is paginated, so that broken streams cannot keep the cache
 * from filling.
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
    if (!hasNoEnd && ALSO_FAILS_LISTS.has(kind)) {
      this.#way = "pages once";
      throw error;
    }
    const snapshot = await takePages(this.#listWatch, signal);
    // Only after a list has succeeded: a missing CRD fails every request, and a silent network says nothing about the server.
    if (hasNoEnd ? error.end !== "closed" : STREAM_UNSUPPORTED.has(kind)) this.#way = "pages";
    return snapshot;
  }
}

/**
 * Reads all objects in pages of one consistent snapshot. If the snapshot expires on the server in between (410), lists again in
 * one piece, which cannot expire.
 */
async function takePages(listWatch: ListWatch, signal: AbortSignal): Promise<Snapshot> {
  const pages = new Pages(listWatch, signal);
  const first = await pages.next(undefined);
  if (first.continueToken === undefined) return first;
  try {
    return await followPages(pages, first);
  } catch (error) {
    // If a page of normal size is too large, the whole list is too.
    if (pages.areSmaller || listWatch.faultOf(error).kind !== "expired") throw error;
    return listWatch.list({ limit: undefined, continueToken: undefined, signal });
  }
}

/** The pages of a list. After an oversize page, that page and the following ones have fewer objects. */
class Pages {
  readonly #listWatch: ListWatch;
  readonly #signal: AbortSignal;
  #limit = PAGE_SIZE;

  constructor(listWatch: ListWatch, signal: AbortSignal) {
    this.#listWatch = listWatch;
    this.#signal = signal;
  }

  /** Whether a page of normal size was too large. */
  get areSmaller(): boolean {
    return this.#limit < PAGE_SIZE;
  }

  async next(continueToken: string | undefined): Promise<ListPage> {
    for (;;) {
      try {
        return await this.#listWatch.list({ limit: this.#limit, continueToken, signal: this.#signal });
      } catch (error) {
        if (this.#limit === 1 || this.#listWatch.faultOf(error).kind !== "oversize") throw error;
        this.#limit = Math.ceil(this.#limit / PAGE_SIZE_DIVISOR);
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
  // The first page's version: if a later page is of a newer state, the watch repeats what happened in between.
  return { items, resourceVersion: first.resourceVersion };
}

/** Maximum silence, ms: a server that streams lists sends something within this time; one without support may never. */
const maxSilenceMs = 10_000;
/** Time limit of the whole stream, s; leaves half of the sync timeout for a paginated list. */
const timeoutSeconds = 60;

/** The stream broke off, fell silent, or lasted too long, without reaching the end of the list. */
class NoEndOfListError extends Error {
  readonly end: WatchEnd;

  constructor(end: WatchEnd, cause?: unknown) {
    super(`The stream of the list was ${end} before it was complete`, { cause });
    this.name = "NoEndOfListError";
    this.end = end;
  }
}

/**
 * Reads all objects from a stream. Includes changes in the meantime, deletions too, so that the snapshot is the state at its
 * resource version.
 *
 * Errors: NoEndOfListError; what the stream throws before its first event; the signal's reason when it aborts.
 */
async function streamSnapshot(listWatch: ListWatch, clock: Clock, signal: AbortSignal): Promise<Snapshot> {
  const objects = new Map<string, WatchedObject>();
  let resourceVersion: string | undefined;
  let hasStarted = false;
  const onEvent = (event: InitialEvent): void => {
    hasStarted = true;
    if (event.type === "END") resourceVersion = event.resourceVersion;
    else if (event.type === "DELETED") objects.delete(keyOf(event.object));
    else objects.set(keyOf(event.object), event.object);
  };
  const open = (abort: AbortSignal): AsyncIterable<InitialEvent> =>
    untilEnd(listWatch.stream?.({ timeoutSeconds, signal: abort }) ?? []);
  const session = { open, clock, timeoutSeconds, maxSilenceMs, graceMs: 0, onEvent };
  const end = await runWatch(session, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw hasStarted ? new NoEndOfListError("closed", error) : error;
  });
  if (resourceVersion === undefined) throw new NoEndOfListError(end);
  return { items: [...objects.values()], resourceVersion };
}

/** Ends after the list, though the server would continue with a watch; leaving the loop closes it. */
async function* untilEnd(events: AsyncIterable<InitialEvent> | readonly never[]): AsyncGenerator<InitialEvent> {
  for await (const event of events) {
    yield event;
    if (event.type === "END") return;
  }
}

/** All objects at one resource version, from which a watch can start. */
export interface Snapshot {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
}
