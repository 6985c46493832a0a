import type { ListWatch, WatchedObject } from "./list-watch.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector-options.ts";
import type { ObjectCache, ObjectChange } from "./store.ts";

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

/** The part of a {@link ReflectorGroup} that a controller uses. */
export type ObjectWatch = Pick<
  ReflectorGroup,
  "cache" | "hasSynced" | "fault" | "listedMs" | "start" | "relist" | "stop" | "whenSynced"
>;

type Handler = (change: ObjectChange) => void;

/** One watch for several subscribers that come and go. */
export class SharedWatch {
  readonly #watch: ObjectWatch;
  readonly #handlers = new Set<Handler>();

  /** @param open creates the watch, with the handler of its changes */
  constructor(open: (onChange: Handler) => ObjectWatch) {
    this.#watch = open((change) => this.#deliver(change));
  }

  /** The watch itself, which does not end with its subscribers. */
  get watch(): ObjectWatch {
    return this.#watch;
  }

  /**
   * The watch of one subscriber, which never stops the shared one. Its `start` delivers the objects in the cache as added, as of an initial
   * list; then come the changes, until `stop`.
   */
  subscribe(onChange: Handler): ObjectWatch {
    const watch = this.#watch;
    const handlers = this.#handlers;
    return {
      get cache(): ObjectCache {
        return watch.cache;
      },
      get hasSynced() {
        return watch.hasSynced;
      },
      get fault() {
        return watch.fault;
      },
      get listedMs() {
        return watch.listedMs;
      },
      start() {
        if (handlers.has(onChange)) return;
        for (const object of watch.cache.list()) onChange({ type: "added", new: object, isInInitialList: true });
        handlers.add(onChange);
      },
      relist: (from, to) => watch.relist(from, to),
      async stop() {
        handlers.delete(onChange);
      },
      whenSynced: (timeoutMs, signal) => watch.whenSynced(timeoutMs, signal),
    };
  }

  /** A handler that fails keeps the change from no other. */
  #deliver(change: ObjectChange): void {
    let failure: { readonly error: unknown } | undefined;
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        failure = { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }
}
