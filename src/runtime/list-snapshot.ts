import type { ListPage, ListWatch, WatchedObject } from "./list-watch.ts";

/** Everything there was at one resource version: where a watch may begin. */
export interface Snapshot {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
}

/** Like client-go: large enough for few round trips, small enough for the server's memory. */
const pageSize = 500;

/**
 * Reads all objects in pages of one consistent snapshot. A list that takes so long that the server forgets the snapshot
 * in between (410) starts again in one piece, which cannot expire.
 *
 * A server-streamed initial list (WatchList) would be another function of this shape.
 */
export async function takeSnapshot(listWatch: ListWatch, signal: AbortSignal): Promise<Snapshot> {
  const first = await listWatch.list({ limit: pageSize, continueToken: undefined, signal });
  if (first.continueToken === undefined) return first;
  try {
    return await followPages(listWatch, first, signal);
  } catch (error) {
    if (listWatch.faultOf(error).kind !== "expired") throw error;
    return listWatch.list({ limit: undefined, continueToken: undefined, signal });
  }
}

async function followPages(listWatch: ListWatch, first: ListPage, signal: AbortSignal): Promise<Snapshot> {
  const items = [...first.items];
  let continueToken = first.continueToken;
  while (continueToken !== undefined) {
    const page = await listWatch.list({ limit: pageSize, continueToken, signal });
    for (const item of page.items) items.push(item);
    continueToken = page.continueToken;
  }
  // The first page's version: should a later page show a newer state, the watch repeats what happened in between.
  return { items, resourceVersion: first.resourceVersion };
}
