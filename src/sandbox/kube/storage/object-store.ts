import type { JsonObject } from "../../../crd/contract.ts";
import { deepFreeze, metaOf } from "../json.ts";

/** One write, as watches tell it. */
export interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The collection: `<group>/<plural>`. */
  readonly storage: string;
  /** `<namespace>/<name>`, or `<name>` of a cluster-scoped object. */
  readonly key: string;
  /** The object after the write; for DELETED its last state, with the resourceVersion of the deletion. */
  readonly object: JsonObject;
  /** The object before the write; absent for ADDED. */
  readonly previous?: JsonObject;
}

/** A collection at one revision, in the order of its keys. */
export interface Snapshot {
  readonly revision: number;
  readonly entries: readonly (readonly [key: string, object: JsonObject])[];
}

/** The revision that was asked for is older than the history that is kept. */
export class CompactedError extends Error {
  readonly oldestRevision: number;

  constructor(asked: number, oldestRevision: number) {
    super(`revision ${asked} has been compacted: the oldest that is kept is ${oldestRevision}`);
    this.name = "CompactedError";
    this.oldestRevision = oldestRevision;
  }
}

/**
 * What etcd is to an API server: frozen objects under keys, one counter for all writes, and the last writes kept so that
 * watches can resume and lists can be paged at one revision. Single-threaded, so read-then-write needs no lock.
 */
export class ObjectStore {
  readonly #collections = new Map<string, Map<string, JsonObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #historyLimit: number;
  #history: Change[] = [];
  #revision = 1;
  #compactedRevision = 0;
  #untold: Change[] = [];
  #telling = false;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  /** The revision of the last write. */
  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that a list can be read at or a watch resumed from. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get(storage: string, key: string): JsonObject | undefined {
    return this.#collections.get(storage)?.get(key);
  }

  /** The names of the collections that hold something. */
  storages(): readonly string[] {
    return [...this.#collections].filter(([, objects]) => objects.size > 0).map(([storage]) => storage);
  }

  /** Keys start with `prefix`; `revision` reads the past and throws CompactedError when that is forgotten. */
  list(storage: string, prefix: string, revision: number = this.#revision): Snapshot {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
    const objects = this.#stateAt(storage, revision);
    const entries = [...objects].filter(([key]) => key.startsWith(prefix));
    return { revision, entries: entries.sort(([left], [right]) => (left < right ? -1 : 1)) };
  }

  /** Writes the object under a new resourceVersion and returns it as stored. */
  put(storage: string, key: string, object: JsonObject): JsonObject {
    const previous = this.get(storage, key);
    const stored = this.#stamp(object);
    const collection = this.#collections.get(storage) ?? new Map<string, JsonObject>();
    this.#collections.set(storage, collection.set(key, stored));
    const base = { revision: this.#revision, storage, key, object: stored };
    this.#record(previous === undefined ? { ...base, type: "ADDED" } : { ...base, type: "MODIFIED", previous });
    return stored;
  }

  /** Removes the object and returns its last state under the deletion's resourceVersion; undefined when it is not there. */
  remove(storage: string, key: string, lastState?: JsonObject): JsonObject | undefined {
    const previous = this.get(storage, key);
    if (previous === undefined) return undefined;
    const object = this.#stamp(lastState ?? previous);
    this.#collections.get(storage)?.delete(key);
    this.#record({ revision: this.#revision, type: "DELETED", storage, key, object, previous });
    return object;
  }

  /** The writes after `revision`, oldest first; throws CompactedError when some of them are forgotten. */
  changesSince(storage: string, revision: number): readonly Change[] {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
    return this.#history.filter((change) => change.revision > revision && change.storage === storage);
  }

  /**
   * Calls back on each later write, before the writer goes on; a write by a listener is told after the one that it reacts
   * to, so that everybody hears of all writes in order.
   */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all history: whoever is not up to date must list anew. */
  compact(): void {
    this.#history = [];
    this.#compactedRevision = this.#revision;
  }

  /** The present with the later writes undone. */
  #stateAt(storage: string, revision: number): ReadonlyMap<string, JsonObject> {
    const present = this.#collections.get(storage) ?? new Map<string, JsonObject>();
    if (revision >= this.#revision) return present;
    const objects = new Map(present);
    for (const change of this.#history.toReversed()) {
      if (change.revision <= revision) break;
      if (change.storage !== storage) continue;
      if (change.previous === undefined) objects.delete(change.key);
      else objects.set(change.key, change.previous);
    }
    return objects;
  }

  #stamp(object: JsonObject): JsonObject {
    this.#revision += 1;
    return deepFreeze({ ...object, metadata: { ...metaOf(object), resourceVersion: String(this.#revision) } });
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > this.#historyLimit) {
      const forgotten = this.#history.shift();
      this.#compactedRevision = forgotten?.revision ?? this.#compactedRevision;
    }
    this.#untold.push(change);
    if (!this.#telling) this.#tell();
  }

  #tell(): void {
    this.#telling = true;
    try {
      for (let change = this.#untold.shift(); change !== undefined; change = this.#untold.shift()) {
        for (const listener of [...this.#listeners]) listener(change);
      }
    } finally {
      this.#telling = false;
    }
  }
}
