import type { JsonObject } from "../../../crd/contract.ts";
import { apiVersionOf, type Endpoint, keyOf } from "../endpoint.ts";
import { withMeta } from "../json.ts";
import type { ListQuery } from "../query/list-query.ts";
import type { Representation } from "../query/media-type.ts";
import { expired, resourceVersionTooLarge, type StatusError } from "../status-error.ts";
import { representEvent } from "../tables/represent.ts";
import type { KubeClock } from "../time.ts";
import { type Change, CompactedError, type ObjectStore } from "./object-store.ts";

/** Where a watch writes; the HTTP response behind it may go away at any time. */
export interface WatchSink {
  write(line: string): void;
  /** Ends the stream in order. */
  end(): void;
  /** Bytes that the client has not taken yet. */
  backlogBytes(): number;
  onClose(callback: () => void): void;
}

/** What a client asked to watch. */
export interface WatchRequest {
  readonly endpoint: Endpoint;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly query: ListQuery;
  readonly as: Representation;
}

/** A watcher that leaves this much unread is cut off, as a slow one is by the API server's watch cache. */
const backlogLimitBytes = 8 * 1024 * 1024;
/** Real servers end a watch without timeoutSeconds after 30 to 60 minutes. */
const defaultTimeoutMs = 45 * 60 * 1000;

/** All open watches. */
export class WatchHub {
  readonly #store: ObjectStore;
  readonly #clock: KubeClock;
  readonly #bookmarkIntervalMs: number;
  readonly #open = new Set<Watch>();

  constructor(store: ObjectStore, clock: KubeClock, bookmarkIntervalMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#bookmarkIntervalMs = bookmarkIntervalMs;
  }

  /** How many watches are open. */
  get size(): number {
    return this.#open.size;
  }

  start(request: WatchRequest, sink: WatchSink): void {
    const watch = new Watch(this.#store, this.#clock, request, sink, () => this.#open.delete(watch));
    this.#open.add(watch);
    watch.start(this.#bookmarkIntervalMs);
  }

  /** Ends the watches of a collection, as when its CRD goes. */
  endStorage(storage: string): void {
    for (const watch of [...this.#open]) if (watch.storage === storage) watch.end();
  }

  endAll(): void {
    for (const watch of [...this.#open]) watch.end();
  }
}

class Watch {
  readonly storage: string;
  readonly #store: ObjectStore;
  readonly #clock: KubeClock;
  readonly #request: WatchRequest;
  readonly #sink: WatchSink;
  readonly #onEnd: () => void;
  readonly #timers: { cancel(): void }[] = [];
  #unsubscribe: () => void = () => {};
  #isFirst = true;
  #ended = false;

  constructor(store: ObjectStore, clock: KubeClock, request: WatchRequest, sink: WatchSink, onEnd: () => void) {
    this.storage = request.endpoint.storage;
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
    this.#sink = sink;
    this.#onEnd = onEnd;
  }

  start(bookmarkIntervalMs: number): void {
    const { query } = this.#request;
    this.#sink.onClose(() => this.#stop());
    const asked = query.resourceVersion ?? 0;
    if (asked > 0 && query.sendInitialEvents !== true) this.#replay(asked);
    else if (asked > this.#store.revision) this.#fail(resourceVersionTooLarge(asked, this.#store.revision));
    else if (query.sendInitialEvents !== false) this.#sendState();
    if (this.#ended) return;
    this.#unsubscribe = this.#store.subscribe((change) => this.#tell(change));
    const timeoutMs = query.timeoutSeconds === undefined ? defaultTimeoutMs : query.timeoutSeconds * 1000;
    this.#timers.push(this.#clock.schedule(timeoutMs, () => this.#timeOut()));
    if (query.allowBookmarks) this.#bookmarkEvery(bookmarkIntervalMs);
  }

  end(): void {
    this.#stop();
    this.#sink.end();
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    for (const timer of this.#timers) timer.cancel();
    this.#onEnd();
  }

  #timeOut(): void {
    if (this.#request.query.allowBookmarks) this.#bookmark({});
    this.end();
  }

  #bookmarkEvery(intervalMs: number): void {
    const timer = this.#clock.schedule(intervalMs, () => {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      this.#bookmark({});
      if (!this.#ended) this.#bookmarkEvery(intervalMs);
    });
    this.#timers.push(timer);
  }

  #replay(revision: number): void {
    try {
      for (const change of this.#store.changesSince(this.storage, revision)) this.#tell(change);
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.#fail(expired(`too old resource version: ${revision} (${error.oldestRevision})`));
    }
  }

  #fail(error: StatusError): void {
    this.#sink.write(`${JSON.stringify({ type: "ERROR", object: error.toStatus() })}\n`);
    this.end();
  }

  #sendState(): void {
    const { endpoint, namespace, query } = this.#request;
    const { entries } = this.#store.list(this.storage, namespace === "" ? "" : `${namespace}/`);
    for (const [, stored] of entries) {
      const object = endpoint.fromStored(stored);
      if (query.matches(object)) this.#send("ADDED", object);
    }
    if (query.sendInitialEvents === true && query.allowBookmarks) {
      this.#bookmark({ "k8s.io/initial-events-end": "true" });
    }
  }

  #tell(change: Change): void {
    const { namespace } = this.#request;
    if (change.storage !== this.storage || this.#ended) return;
    if (namespace !== "" && !change.key.startsWith(keyOf(namespace, ""))) return;
    const event = this.#eventFor(change);
    if (event !== undefined) this.#send(event.type, event.object);
  }

  /** What a change means to somebody who sees only the objects that match. */
  #eventFor(change: Change): { readonly type: string; readonly object: JsonObject } | undefined {
    const { endpoint, query } = this.#request;
    const object = endpoint.fromStored(change.object);
    const previous = change.previous === undefined ? undefined : endpoint.fromStored(change.previous);
    const matched = previous !== undefined && query.matches(previous);
    const matches = change.type !== "DELETED" && query.matches(object);
    if (matches) return { type: matched ? "MODIFIED" : "ADDED", object };
    if (!matched) return undefined;
    if (change.type === "DELETED") return { type: "DELETED", object };
    return { type: "DELETED", object: withMeta(previous, { resourceVersion: String(change.revision) }) };
  }

  #bookmark(annotations: JsonObject): void {
    const { endpoint } = this.#request;
    const metadata = {
      resourceVersion: String(this.#store.revision),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    };
    this.#send("BOOKMARK", { kind: endpoint.kind, apiVersion: apiVersionOf(endpoint), metadata });
  }

  #send(type: string, object: JsonObject): void {
    if (this.#ended) return;
    const { endpoint, as } = this.#request;
    const told = representEvent(endpoint, object, as, this.#clock.nowMs(), this.#isFirst);
    this.#isFirst = false;
    this.#sink.write(`${JSON.stringify({ type, object: told })}\n`);
    if (this.#sink.backlogBytes() > backlogLimitBytes) this.end();
  }
}
