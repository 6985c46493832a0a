import type { WatchedObject } from "./list-watch.ts";

/** The value of an object in an index; undefined for an object that the index does not have. */
export type IndexFunction = (object: WatchedObject) => string | undefined;

/** The indexes of a cache by name, as client-go's Indexers. The functions are called once for each version of an object. */
export type Indexers = Readonly<Record<string, IndexFunction>>;

/** The objects of a cache by a value of theirs, such as the class that they name. */
export class ObjectIndex {
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
