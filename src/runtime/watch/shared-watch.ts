import type { ReflectorGroup } from "./reflector-group.ts";
import type { ObjectCache, ObjectChange } from "./store.ts";

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
