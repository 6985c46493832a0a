import type { WatchedObject } from "./list-watch.ts";

/** Everything there was at one resource version: where a watch may begin. */
export interface Snapshot {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
}
