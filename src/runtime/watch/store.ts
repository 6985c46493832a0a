import { keyOf, type WatchEvent, type WatchedObject } from "./list-watch.ts";

/**
 * A change of the cache.
 * - `added`: `isInInitialList` is true for what was there when the cache first filled.
 * - `deleted`: with `isFinalStateUnknown` the deletion was not seen, only that the object is gone: `old` is the last state
 *   known, not the final one.
 */
export type ObjectChange =
  | { readonly type: "added"; readonly new: WatchedObject; readonly isInInitialList: boolean }
  | { readonly type: "updated"; readonly old: WatchedObject; readonly new: WatchedObject }
  | { readonly type: "deleted"; readonly old: WatchedObject; readonly isFinalStateUnknown: boolean };

/** What the cache shows to readers. Objects are deep-frozen; they lag behind the API server. */
export interface ObjectCache {
  get(key: string): WatchedObject | undefined;
  list(): readonly WatchedObject[];
  keys(): readonly string[];
  readonly size: number;
}

const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The last known state of every object of one kind, by `namespace/name`.
 *
 * Objects given to it become its own: they are frozen, and lose managedFields and kubectl's last-applied annotation, which
 * nobody reads and which can be most of an object.
 */
export class ObjectStore implements ObjectCache {
  readonly #objects = new Map<string, WatchedObject>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): WatchedObject | undefined {
    return this.#objects.get(key);
  }

  list(): readonly WatchedObject[] {
    return [...this.#objects.values()];
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** Takes over a complete list and says what changed by it: deletions first, unchanged objects not at all. */
  replace(items: readonly WatchedObject[], isInitialList: boolean): readonly ObjectChange[] {
    const listed = new Set(items.map(keyOf));
    const changes: ObjectChange[] = [];
    for (const [key, old] of this.#objects) {
      if (listed.has(key)) continue;
      this.#objects.delete(key);
      changes.push({ type: "deleted", old, isFinalStateUnknown: true });
    }
    for (const item of items) {
      for (const change of this.#put(item, isInitialList)) changes.push(change);
    }
    return changes;
  }

  /** Takes over one event of the watch and says what changed by it; what is known already changes nothing. */
  apply(event: Exclude<WatchEvent, { readonly type: "BOOKMARK" }>): readonly ObjectChange[] {
    if (event.type !== "DELETED") return this.#put(event.object, false);
    if (!this.#objects.delete(keyOf(event.object))) return [];
    return [{ type: "deleted", old: settled(event.object), isFinalStateUnknown: false }];
  }

  #put(object: WatchedObject, isInInitialList: boolean): readonly ObjectChange[] {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    const isSame =
      old?.metadata.uid === object.metadata.uid && old.metadata.resourceVersion === object.metadata.resourceVersion;
    if (isSame) return [];
    const fresh = settled(object);
    this.#objects.set(key, fresh);
    if (old === undefined) return [{ type: "added", new: fresh, isInInitialList }];
    if (old.metadata.uid === fresh.metadata.uid) return [{ type: "updated", old, new: fresh }];
    // Deleted and made again while nobody watched: two objects of one name, and whoever tracks the first must let it go.
    return [
      { type: "deleted", old, isFinalStateUnknown: true },
      { type: "added", new: fresh, isInInitialList },
    ];
  }
}

function settled(object: WatchedObject): WatchedObject {
  const { managedFields: _, ...metadata } = object.metadata as typeof object.metadata & { managedFields?: unknown };
  const { [lastAppliedAnnotation]: __, ...annotations } = metadata.annotations ?? {};
  const kept = metadata.annotations === undefined ? metadata : { ...metadata, annotations };
  return deepFreeze({ ...object, metadata: kept });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
