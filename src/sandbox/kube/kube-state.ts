import type { ApiCatalog } from "./api-catalog.ts";
import type { WatchHub } from "./storage/watch-hub.ts";
import type { WriteContext } from "./storage/write-context.ts";

/** What the request handlers work on. */
export interface KubeState extends WriteContext {
  readonly catalog: ApiCatalog;
  readonly watches: WatchHub;
}
