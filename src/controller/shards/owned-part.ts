import type { KubeObject } from "../../engine/ports.ts";
import type { ObjectWatch } from "../../runtime/watch/shared-watch.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";

/** The part of a watch that a reconciler sees: an object that moves to an account of another shard no longer exists for it. */
export function ownedPart(
  watch: Pick<ObjectWatch, "cache" | "listedMs" | "relist">,
  owns: (raw: KubeObject) => boolean,
): { readonly cache: Pick<ObjectCache, "get"> } & Pick<ObjectWatch, "listedMs" | "relist"> {
  return {
    cache: {
      get(key) {
        const raw = watch.cache.get(key);
        return raw === undefined || !owns(raw) ? undefined : raw;
      },
    },
    get listedMs() {
      return watch.listedMs;
    },
    relist: (from, to) => watch.relist(from, to),
  };
}
