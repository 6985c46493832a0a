import type { Clock } from "../clock.ts";
import { type InitialEvent, keyOf, type ListWatch, type WatchedObject } from "./list-watch.ts";
import type { Snapshot } from "./snapshot.ts";
import { runWatch, type WatchEnd } from "./watch-session.ts";

/** A server that streams lists sends something within this, ms; one that does not may leave us waiting for ever. */
const maxSilenceMs = 10_000;
/** All of it has to be there within this, so that half of the time to sync is left for another way, s. */
const timeoutSeconds = 60;

/** The stream broke off, fell silent, or went on and on, without saying that the list is complete. */
export class NoEndOfListError extends Error {
  readonly end: WatchEnd;

  constructor(end: WatchEnd, cause?: unknown) {
    super(`The stream of the list was ${end} before it was complete`, { cause });
    this.name = "NoEndOfListError";
    this.end = end;
  }
}

/**
 * Reads all objects from a stream. What changes meanwhile is part of it, deletions too, so that the snapshot is what
 * there was at its resource version.
 *
 * Errors: NoEndOfListError; what the stream throws before its first event; the signal's reason when it aborts.
 */
export async function streamSnapshot(listWatch: ListWatch, clock: Clock, signal: AbortSignal): Promise<Snapshot> {
  const objects = new Map<string, WatchedObject>();
  let resourceVersion: string | undefined;
  let hasBegun = false;
  const onEvent = (event: InitialEvent): void => {
    hasBegun = true;
    if (event.type === "END") resourceVersion = event.resourceVersion;
    else if (event.type === "DELETED") objects.delete(keyOf(event.object));
    else objects.set(keyOf(event.object), event.object);
  };
  const open = (abort: AbortSignal): AsyncIterable<InitialEvent> =>
    untilEnd(listWatch.stream?.({ timeoutSeconds, signal: abort }) ?? []);
  const session = { open, clock, timeoutSeconds, maxSilenceMs, graceMs: 0, onEvent };
  const end = await runWatch(session, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw hasBegun ? new NoEndOfListError("closed", error) : error;
  });
  if (resourceVersion === undefined) throw new NoEndOfListError(end);
  return { items: [...objects.values()], resourceVersion };
}

/** The server would go on with a watch; leaving the loop closes it. */
async function* untilEnd(events: AsyncIterable<InitialEvent> | readonly never[]): AsyncGenerator<InitialEvent> {
  for await (const event of events) {
    yield event;
    if (event.type === "END") return;
  }
}
