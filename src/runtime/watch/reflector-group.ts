import type { ListWatch, WatchedObject } from "./list-watch.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector-options.ts";
import type { ObjectCache } from "./store.ts";

/** The options of {@link ReflectorGroup}: those of each reflector, and one ListWatch for each part of the kind. */
export interface ReflectorGroupOptions extends Omit<ReflectorOptions, "listWatch"> {
  /** At least one; no object is in two of them. */
  readonly listWatches: readonly ListWatch[];
}

/** Several reflectors of one kind, for example one for each namespace, that work as one. See {@link Reflector}. */
export class ReflectorGroup {
  readonly #reflectors: readonly Reflector[];
  readonly cache: ObjectCache;

  constructor({ listWatches, ...options }: ReflectorGroupOptions) {
    this.#reflectors = listWatches.map((listWatch) => new Reflector({ ...options, listWatch }));
    this.cache = joined(this.#reflectors.map(({ cache }) => cache));
  }

  /** Whether the handlers have received every initial list. */
  get hasSynced(): boolean {
    return this.#reflectors.every(({ hasSynced }) => hasSynced);
  }

  /** As {@link Reflector.fault}, of the first reflector that has one. */
  get fault(): string | undefined {
    return this.#reflectors.find(({ fault }) => fault !== undefined)?.fault;
  }

  /** As {@link Reflector.listedMs}, of the reflector that listed first. */
  get listedMs(): number {
    return Math.min(...this.#reflectors.map(({ listedMs }) => listedMs));
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  /** As {@link Reflector.relist}, of all: they share the server that went back. */
  relist(from: string, to: string): void {
    for (const reflector of this.#reflectors) reflector.relist(from, to);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  /** Resolves when every reflector has synced. Errors: those of {@link Reflector.whenSynced}. */
  async whenSynced(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced(timeoutMs, signal)));
  }
}

function joined(caches: readonly ObjectCache[]): ObjectCache {
  const [only, ...others] = caches;
  if (only !== undefined && others.length === 0) return only;
  return {
    get(key): WatchedObject | undefined {
      for (const cache of caches) {
        const object = cache.get(key);
        if (object !== undefined) return object;
      }
      return undefined;
    },
    list: () => caches.flatMap((cache) => cache.list()),
    byIndex: (index, value) => caches.flatMap((cache) => cache.byIndex(index, value)),
    keys: () => caches.flatMap((cache) => cache.keys()),
    get size() {
      return caches.reduce((sum, { size }) => sum + size, 0);
    },
  };
}
