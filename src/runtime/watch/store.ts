import { isDeepStrictEqual } from "node:util";
import { keyOf, type WatchEvent, type WatchedObject } from "./list-watch.ts";

/**
 * A change of the cache.
 * - `added`: `isInInitialList` is true for objects that existed when the cache was first filled.
 * - `deleted`: with `isFinalStateUnknown` the deletion was not observed, only that the object no longer exists: `old` is the
 *   last observed state, not the final one.
 */
export type ObjectChange =
  | { readonly type: "added"; readonly new: WatchedObject; readonly isInInitialList: boolean }
  | { readonly type: "updated"; readonly old: WatchedObject; readonly new: WatchedObject }
  | { readonly type: "deleted"; readonly old: WatchedObject; readonly isFinalStateUnknown: boolean };

/** What is known of a list beside its items. */
export interface ListFacts {
  readonly isInitialList: boolean;
  /** False when the server went back in time since the last list: two states of an object can have the same version. */
  readonly isContinuous: boolean;
}

/** Read access to the cache. Objects are deep-frozen; they lag behind the API server. */
export interface ObjectCache {
  get(key: string): WatchedObject | undefined;
  /** All objects: the same array until one of them changes. */
  list(): readonly WatchedObject[];
  /** The objects with this value in an index of the cache, in no order. Errors: the cache has no such index. */
  byIndex(index: string, value: string): readonly WatchedObject[];
  keys(): readonly string[];
  readonly size: number;
}

const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The last observed state of every object of one kind, by `namespace/name`.
 *
 * Freezes the objects, and strips managedFields and kubectl's last-applied annotation, which are not used and can be most of
 * an object.
 */
export class ObjectStore implements ObjectCache {
  readonly #objects = new Map<string, WatchedObject>();
  readonly #indexes: ReadonlyMap<string, ObjectIndex>;
  #list: readonly WatchedObject[] | undefined;

  constructor(indexers: Indexers = {}) {
    this.#indexes = new Map(Object.entries(indexers).map(([name, value]) => [name, new ObjectIndex(value)]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): WatchedObject | undefined {
    return this.#objects.get(key);
  }

  list(): readonly WatchedObject[] {
    this.#list ??= Object.freeze([...this.#objects.values()]);
    return this.#list;
  }

  byIndex(index: string, value: string): readonly WatchedObject[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`the cache has no index ${index}`);
    return found.get(value);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** Replaces the content with a complete list and returns the changes: deletions first, unchanged objects not at all. */
  replace(items: readonly WatchedObject[], { isInitialList, isContinuous }: ListFacts): readonly ObjectChange[] {
    const listed = new Set(items.map(keyOf));
    const changes: ObjectChange[] = [];
    for (const [key, old] of this.#objects) {
      if (listed.has(key)) continue;
      this.#set(key, old, undefined);
      changes.push({ type: "deleted", old, isFinalStateUnknown: true });
    }
    for (const item of items) {
      for (const change of this.#put(item, isInitialList, isContinuous)) changes.push(change);
    }
    return changes;
  }

  /** Applies one event of the watch and returns the changes; a known state changes nothing. */
  apply(event: Exclude<WatchEvent, { readonly type: "BOOKMARK" }>): readonly ObjectChange[] {
    if (event.type !== "DELETED") return this.#put(event.object, false);
    const key = keyOf(event.object);
    const known = this.#objects.get(key);
    if (known === undefined) return [];
    this.#set(key, known, undefined);
    return [{ type: "deleted", old: frozen(event.object), isFinalStateUnknown: false }];
  }

  #put(object: WatchedObject, isInInitialList: boolean, isContinuous = true): readonly ObjectChange[] {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    const isSame =
      old?.metadata.uid === object.metadata.uid && old.metadata.resourceVersion === object.metadata.resourceVersion;
    const fresh = isSame && isContinuous ? undefined : frozen(object);
    if (fresh === undefined || (isSame && isDeepStrictEqual(old, fresh))) return [];
    this.#set(key, old, fresh);
    if (old === undefined) return [{ type: "added", new: fresh, isInInitialList }];
    if (old.metadata.uid === fresh.metadata.uid) return [{ type: "updated", old, new: fresh }];
    // Deleted and created again while unobserved: two objects of one name, and trackers of the first must drop it.
    return [
      { type: "deleted", old, isFinalStateUnknown: true },
      { type: "added", new: fresh, isInInitialList },
    ];
  }

  #set(key: string, old: WatchedObject | undefined, fresh: WatchedObject | undefined): void {
    this.#list = undefined;
    if (fresh === undefined) this.#objects.delete(key);
    else this.#objects.set(key, fresh);
    for (const index of this.#indexes.values()) index.update(key, old, fresh);
  }
}

function frozen(object: WatchedObject): WatchedObject {
  const { managedFields: _, ...metadata } = object.metadata as typeof object.metadata & { managedFields?: unknown };
  const { [LAST_APPLIED_ANNOTATION]: __, ...annotations } = metadata.annotations ?? {};
  const kept = metadata.annotations === undefined ? metadata : { ...metadata, annotations };
  return deepFreeze({ ...object, metadata: kept });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}

/** The value of an object in an index; undefined for an object that the index does not have. */
type IndexFunction = (object: WatchedObject) => string | undefined;

/** The indexes of a cache by name, as client-go's Indexers. The functions are called once for each version of an object. */
export type Indexers = Readonly<Record<string, IndexFunction>>;

/** The objects of a cache by a value of theirs, such as the class that they name. */
class ObjectIndex {
  readonly #value: IndexFunction;
  readonly #objects = new Map<string, Map<string, WatchedObject>>();

  constructor(value: IndexFunction) {
    this.#value = value;
  }

  /** The objects with this value, in no order. */
  get(value: string): readonly WatchedObject[] {
    return [...(this.#objects.get(value)?.values() ?? [])];
  }

  /** Records a change of the object with this key: each version is undefined where the object does not exist. */
  update(key: string, old: WatchedObject | undefined, fresh: WatchedObject | undefined): void {
    const [before, after] = [old && this.#value(old), fresh && this.#value(fresh)];
    if (before !== undefined && before !== after) this.#remove(before, key);
    if (after === undefined || fresh === undefined) return;
    const objects = this.#objects.get(after) ?? new Map<string, WatchedObject>();
    this.#objects.set(after, objects.set(key, fresh));
  }

  #remove(value: string, key: string): void {
    const objects = this.#objects.get(value);
    objects?.delete(key);
    if (objects?.size === 0) this.#objects.delete(value);
  }
}
