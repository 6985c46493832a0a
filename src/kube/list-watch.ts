import { TextDecoder } from "node:util";
import type {
  FaultKind,
  InitialEvent,
  ListPage,
  ListRequest,
  ListWatch,
  ListWatchFault,
  StreamRequest,
  WatchEvent,
  WatchedObject,
  WatchRequest,
} from "../runtime/watch/list-watch.ts";
import { type Exchange, OversizeAnswerError } from "./exchange.ts";
import { MalformedStreamError, splitLines } from "./line-splitter.ts";
import { collectionPath, type KubeResource } from "./resource.ts";
import { errorOfStatus, parseStatus, statusOf, toStatusError } from "./status-error.ts";

/** Maximum size of a page of a list: room for 500 objects of 8 KB. Parsing can take fifteen times as much memory. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** The objects of a KubeListWatch. */
export interface ListWatchOptions {
  readonly exchange: Exchange;
  readonly resource: KubeResource;
  /** All namespaces when undefined. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Maps each received object to what is kept of it. Default: everything. */
  readonly kept?: (object: WatchedObject) => WatchedObject;
}

/** One line of a watch. */
interface RawEvent {
  readonly type: unknown;
  readonly object: unknown;
}

type Change = Exclude<WatchEvent, { readonly type: "BOOKMARK" }>;

/** An error event within a running watch. */
class WatchErrorEvent extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = "WatchErrorEvent";
  }
}

/** Lists and watches one resource on the API server. */
export class KubeListWatch implements ListWatch {
  readonly #exchange: Exchange;
  readonly #path: string;
  readonly #plural: string;
  readonly #selector: Readonly<Record<string, string>>;
  readonly #kept: (object: WatchedObject) => WatchedObject;

  constructor(options: ListWatchOptions) {
    this.#exchange = options.exchange;
    this.#path = collectionPath(options.resource, options.namespace);
    this.#plural = options.resource.plural;
    this.#selector = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };
    this.#kept = options.kept ?? ((object) => object);
  }

  /** Lists without a resourceVersion, so that the server returns its latest state and not a cached one. */
  async list(request: ListRequest): Promise<ListPage> {
    const { limit, continueToken, signal } = request;
    const query = {
      ...this.#selector,
      ...(limit !== undefined && { limit: String(limit) }),
      ...(continueToken !== undefined && { continue: continueToken }),
    };
    // A page of one object has no limit, because it cannot be made smaller.
    const maxBytes = limit === undefined || limit === 1 ? {} : { maxBytes: MAX_PAGE_BYTES };
    const answer = await this.#exchange({ method: "GET", path: this.#path, query, lane: "api", signal, ...maxBytes });
    if (answer.kind !== "json") throw new MalformedStreamError("The API server streamed the response to a list");
    if (answer.statusCode >= 300) throw toStatusError(answer, `list ${this.#plural}`);
    const page = parsePage(answer.body);
    return { ...page, items: page.items.map(this.#kept) };
  }

  /** https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists */
  async *stream({ timeoutSeconds, signal }: StreamRequest): AsyncGenerator<InitialEvent> {
    // Without a resourceVersion, as in list: END arrives when the stream has reached the latest state.
    const query = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };
    for await (const { type, object } of this.#open(query, timeoutSeconds, signal)) {
      if (type !== "BOOKMARK") yield this.#changeOf(type, object);
      else if (isEndOfList(object)) yield { type: "END", resourceVersion: versionOf(object) };
    }
  }

  async *watch({ resourceVersion, timeoutSeconds, signal, onOpen }: WatchRequest): AsyncGenerator<WatchEvent> {
    for await (const { type, object } of this.#open({ resourceVersion }, timeoutSeconds, signal, onOpen)) {
      if (type === "BOOKMARK") yield { type, resourceVersion: versionOf(object) };
      else yield this.#changeOf(type, object);
    }
  }

  faultOf(error: unknown): ListWatchFault {
    if (error instanceof MalformedStreamError) return { kind: "malformed" };
    if (error instanceof OversizeAnswerError) return { kind: "oversize" };
    const status = statusOf(error);
    if (status === undefined) return { kind: "unavailable" };
    const kind = kindOfCode(status.httpCode);
    // Within a watch only 410 is specific. Other errors can repeat for the same event, so the reflector lists again.
    if (error instanceof WatchErrorEvent) return { kind: kind === "expired" ? kind : "rejected" };
    const { retryAfterMs } = error as { readonly retryAfterMs?: number };
    return retryAfterMs === undefined ? { kind } : { kind, retryAfterMs };
  }

  async *#open(
    query: Readonly<Record<string, string>>,
    timeoutSeconds: number,
    signal: AbortSignal,
    onOpen?: () => void,
  ): AsyncGenerator<RawEvent> {
    const answer = await this.#exchange({
      method: "GET",
      path: this.#path,
      query: {
        ...this.#selector,
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(timeoutSeconds),
        ...query,
      },
      lane: "watch",
      signal,
    });
    if (answer.kind === "json") throw toStatusError(answer, `watch ${this.#plural}`);
    onOpen?.();
    // Invalid UTF-8 is rejected, because a damaged name would refer to another object.
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for await (const line of splitLines(answer.chunks)) {
      const event = parseJson(line, decoder);
      if (!isRecord(event)) throw new MalformedStreamError("A line of the watch is not an object");
      yield { type: event["type"], object: event["object"] };
    }
  }

  #changeOf(type: unknown, object: unknown): Change {
    switch (type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        return { type, object: this.#kept(watchedObject(object)) };
      case "ERROR":
        throw new WatchErrorEvent(errorOfStatus(parseStatus(500, object), `watch ${this.#plural}`));
      default:
        throw new MalformedStreamError(`The watch sent an event of unknown type ${String(type).slice(0, 40)}`);
    }
  }
}

const kinds: Readonly<Record<number, FaultKind>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "notFound",
  408: "unavailable",
  410: "expired",
  429: "throttled",
};

function kindOfCode(httpCode: number): FaultKind {
  return kinds[httpCode] ?? (httpCode >= 500 ? "unavailable" : "rejected");
}

function parsePage(body: unknown): ListPage {
  const { metadata, items } = isRecord(body) ? body : {};
  if (!isRecord(metadata) || !Array.isArray(items))
    throw new MalformedStreamError("The response of the API server is not a list");
  const continueToken = metadata["continue"];
  const page = { items: items.map(watchedObject), resourceVersion: versionOf({ metadata }) };
  return typeof continueToken === "string" && continueToken !== "" ? { ...page, continueToken } : page;
}

/** Checks the fields that the cache needs; readers check the rest. */
function watchedObject(value: unknown): WatchedObject {
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  const isComplete =
    isRecord(metadata) &&
    typeof metadata["name"] === "string" &&
    typeof metadata["uid"] === "string" &&
    typeof metadata["resourceVersion"] === "string";
  if (!isComplete) throw new MalformedStreamError("The API server sent an object without name, uid or resourceVersion");
  return value as WatchedObject;
}

function isEndOfList(bookmark: unknown): boolean {
  const metadata = isRecord(bookmark) ? bookmark["metadata"] : undefined;
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  return isRecord(annotations) && annotations["k8s.io/initial-events-end"] === "true";
}

function versionOf(value: unknown): string {
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  const version = isRecord(metadata) ? metadata["resourceVersion"] : undefined;
  if (typeof version === "string" && version !== "") return version;
  throw new MalformedStreamError("The API server sent a list or bookmark without a resourceVersion");
}

function parseJson(line: Uint8Array, decoder: TextDecoder): unknown {
  try {
    return JSON.parse(decoder.decode(line));
  } catch (error) {
    throw new MalformedStreamError("A line of the watch is not valid JSON", error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
