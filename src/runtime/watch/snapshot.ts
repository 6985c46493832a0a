import type { WatchedObject } from "./list-watch.ts";

/** All objects at one resource version, from which a watch can start. */
export interface Snapshot {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
}
