import type {
  InitialEvent,
  ListPage,
  ListRequest,
  ListWatch,
  ListWatchFault,
  StreamRequest,
  WatchEvent,
  WatchedObject,
  WatchRequest,
} from "../../src/runtime/watch/list-watch.ts";

/** A failure that says which fault it is. */
export class FakeFault extends Error {
  readonly fault: ListWatchFault;

  constructor(kind: ListWatchFault["kind"], retryAfterMs?: number) {
    super(`fake ${kind}`);
    this.fault = retryAfterMs === undefined ? { kind } : { kind, retryAfterMs };
  }
}

interface Change {
  readonly version: number;
  readonly event: Exclude<WatchEvent, { type: "BOOKMARK" }>;
}

/** A watch, or a streamed list, that a test can end, break or leave hanging. */
export class FakeWatch<Request extends StreamRequest = WatchRequest, Event = WatchEvent> {
  readonly request: Request;
  readonly #queue: (Event | Error | "end")[] = [];
  #wake: () => void = () => {};
  isOpen = true;
  /** A black-holed connection: nothing arrives any more and aborting does not end it. */
  isDead = false;

  constructor(request: Request) {
    this.request = request;
  }

  send(item: Event | Error | "end"): void {
    if (this.isDead) return;
    this.#queue.push(item);
    this.#wake();
  }

  async *events(): AsyncGenerator<Event> {
    const { signal } = this.request;
    const onAbort = (): void => this.#wake();
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        const item = this.#queue.shift();
        if (item === "end") return;
        if (item instanceof Error) throw item;
        if (item !== undefined) yield item;
        else if (signal.aborted && !this.isDead) throw signal.reason;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.isOpen = false;
    }
  }
}

/** A streamed list; the test sends its events. */
export type FakeStream = FakeWatch<StreamRequest, InitialEvent>;

/**
 * One kind of object on an API server that lives in memory: consistent lists in pages, watches that replay from a
 * resource version, 410 for what was compacted away. `failList` and `failWatch` are thrown by the next calls.
 */
export class FakeListWatch implements ListWatch {
  readonly lists: ListRequest[] = [];
  readonly watches: FakeWatch[] = [];
  readonly failList: Error[] = [];
  readonly failWatch: Error[] = [];
  /** Called before each page is answered: tests change the world, or never answer. */
  beforePage: (request: ListRequest) => Promise<void> | void = () => {};
  /** False: the test calls `onOpen` of each watch. */
  opensAtOnce = true;
  /** Called when a watch is opened. */
  onWatch: (watch: FakeWatch) => void = () => {};
  /** False: a list is answered although nobody wants it any more. */
  heedsAbort = true;
  readonly streams: FakeStream[] = [];
  /** Called when a list is to be streamed; unless a test has another answer, the server does not know that. */
  onStream: (stream: FakeStream) => void = (stream) => stream.send(new FakeFault("rejected"));
  pageLimit = Number.POSITIVE_INFINITY;
  #version = 1;
  #compactedTo = 0;
  readonly #objects = new Map<string, WatchedObject>();
  readonly #history: Change[] = [];
  readonly #snapshots = new Map<string, { readonly items: WatchedObject[]; readonly version: number }>();

  get version(): string {
    return String(this.#version);
  }

  get openWatches(): readonly FakeWatch[] {
    return this.watches.filter((watch) => watch.isOpen);
  }

  put(name: string, fields: { readonly uid?: string; readonly [field: string]: unknown } = {}): WatchedObject {
    const { uid, ...rest } = fields;
    const key = `default/${name}`;
    const old = this.#objects.get(key);
    this.#version += 1;
    const metadata = {
      namespace: "default",
      name,
      uid: uid ?? old?.metadata.uid ?? `uid-of-${name}`,
      resourceVersion: this.version,
    };
    const object: WatchedObject = { ...rest, metadata };
    this.#objects.set(key, object);
    this.#record({ type: old === undefined ? "ADDED" : "MODIFIED", object: structuredClone(object) });
    return object;
  }

  remove(name: string): void {
    const old = this.#objects.get(`default/${name}`);
    if (old === undefined) throw new Error(`${name} does not exist`);
    this.#objects.delete(`default/${name}`);
    this.#version += 1;
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: this.version } };
    this.#record({ type: "DELETED", object: structuredClone(object) });
  }

  bookmark(): void {
    for (const watch of this.openWatches) watch.send({ type: "BOOKMARK", resourceVersion: this.version });
  }

  /** Forgets the past, as etcd does: a watch or a page from before is answered with 410. */
  compact(): void {
    this.#compactedTo = this.#version;
    this.#snapshots.clear();
  }

  async list(request: ListRequest): Promise<ListPage> {
    this.lists.push(request);
    await this.beforePage(request);
    if (this.heedsAbort) request.signal.throwIfAborted();
    const failure = this.failList.shift();
    if (failure !== undefined) throw failure;
    const { token, offset } = parseToken(request.continueToken);
    const snapshot = token === undefined ? this.#takeSnapshot() : this.#snapshots.get(token);
    if (snapshot === undefined) throw new FakeFault("expired");
    const limit = Math.min(
      request.limit ?? Number.POSITIVE_INFINITY,
      request.limit === undefined ? Infinity : this.pageLimit,
    );
    const items = structuredClone(snapshot.items.slice(offset, offset + limit));
    const next = offset + limit;
    const page = { items, resourceVersion: String(snapshot.version) };
    if (next >= snapshot.items.length) return page;
    return { ...page, continueToken: `${snapshot.version}:${next}` };
  }

  watch(request: WatchRequest): AsyncIterable<WatchEvent> {
    const watch = new FakeWatch(request);
    this.watches.push(watch);
    const failure = this.failWatch.shift();
    const from = Number(request.resourceVersion);
    if (failure !== undefined) watch.send(failure);
    else if (from < this.#compactedTo) watch.send(new FakeFault("expired"));
    else if (this.opensAtOnce) request.onOpen?.();
    for (const change of this.#history) if (change.version > from) watch.send(change.event);
    this.onWatch(watch);
    return watch.events();
  }

  /** Writes of other kinds, which share the versions. */
  writeElsewhere(count: number): void {
    this.#version += count;
  }

  /** As when etcd is restored from a backup of now: what happens after this is forgotten by `restore`. */
  backUp(): () => void {
    const [version, objects] = [this.#version, structuredClone([...this.#objects])];
    return () => {
      this.#version = version;
      this.#history.splice(0, this.#history.length, ...this.#history.filter((change) => change.version <= version));
      this.#objects.clear();
      for (const [key, object] of objects) this.#objects.set(key, object);
    };
  }

  stream(request: StreamRequest): AsyncIterable<InitialEvent> {
    const stream: FakeStream = new FakeWatch<StreamRequest, InitialEvent>(request);
    this.streams.push(stream);
    this.onStream(stream);
    return stream.events();
  }

  /** Answers a stream as a server that knows it does: everything there is, then END. */
  sendList(stream: FakeStream): void {
    for (const object of this.#objects.values()) stream.send({ type: "ADDED", object: structuredClone(object) });
    stream.send({ type: "END", resourceVersion: this.version });
  }

  faultOf(error: unknown): ListWatchFault {
    return error instanceof FakeFault ? error.fault : { kind: "unavailable" };
  }

  #takeSnapshot(): { readonly items: WatchedObject[]; readonly version: number } {
    const snapshot = { items: [...this.#objects.values()], version: this.#version };
    this.#snapshots.set(this.version, snapshot);
    return snapshot;
  }

  #record(event: Change["event"]): void {
    this.#history.push({ version: this.#version, event });
    for (const watch of this.openWatches) watch.send(structuredClone(event));
  }
}

function parseToken(continueToken: string | undefined): {
  readonly token: string | undefined;
  readonly offset: number;
} {
  if (continueToken === undefined) return { token: undefined, offset: 0 };
  const [token, offset] = continueToken.split(":");
  return { token, offset: Number(offset) };
}
