import type { Clock } from "../clock.ts";
import { type InitialEvent, keyOf, type ListWatch, type WatchedObject } from "./list-watch.ts";
import type { Snapshot } from "./snapshot.ts";
import { runWatch, type WatchEnd } from "./watch-session.ts";

/** Maximum silence, ms: a server that streams lists sends something within this time; one without support may never. */
const maxSilenceMs = 10_000;
/** Time limit of the whole stream, s; leaves half of the sync timeout for a paginated list. */
const timeoutSeconds = 60;

/** The stream broke off, fell silent, or lasted too long, without reaching the end of the list. */
export class NoEndOfListError extends Error {
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
export async function streamSnapshot(listWatch: ListWatch, clock: Clock, signal: AbortSignal): Promise<Snapshot> {
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
