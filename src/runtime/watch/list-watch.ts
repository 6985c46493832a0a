/** The metadata that every object of the API server has. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid: string;
  /** Opaque: compare for equality only. */
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

/** An object as the API server sends it, in JSON: times are strings, unknown fields are kept. */
export interface WatchedObject {
  readonly [field: string]: unknown;
  readonly metadata: ObjectMeta;
}

/** `namespace/name`, or `name` for what has no namespace: the key of caches and queues. */
export function keyOf(object: { readonly metadata: Pick<ObjectMeta, "name" | "namespace"> }): string {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** One page of a list, at the state that `resourceVersion` names. */
export interface ListPage {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
  /** There are more pages: ask again with this token. */
  readonly continueToken?: string;
}

/** `limit` undefined asks for everything in one page. */
export interface ListRequest {
  readonly limit: number | undefined;
  readonly continueToken: string | undefined;
  readonly signal: AbortSignal;
}

/** What happened to an object, or how far the watch has come although nothing happened. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: WatchedObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** `timeoutSeconds`: when the server shall end the watch by itself. */
export interface WatchRequest {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** What a list is made of when it is streamed: objects, their changes meanwhile, and the word that it is complete. */
export type InitialEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: WatchedObject }
  | { readonly type: "END"; readonly resourceVersion: string };

/** `timeoutSeconds`: when the server shall end the stream by itself. */
export interface StreamRequest {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Why a list or a watch failed:
 * - `expired`: the server no longer has that resource version (410).
 * - `malformed`: what the server sent cannot be understood, so something may have been missed.
 * - `oversize`: a page of a list has more bytes than this program takes at once; one of fewer objects may do.
 * - `notFound`: the kind does not exist; its CRD may not be installed (404).
 * - `unauthorized`, `forbidden`: who we are, or what we may do (401, 403).
 * - `throttled`: the server asks for patience (429).
 * - `unavailable`: network, time-outs, 5xx, credentials that cannot be read: probably passing.
 * - `rejected`: the server refuses this request as it is (other 4xx, and an error event inside the watch).
 */
export type FaultKind =
  | "expired"
  | "malformed"
  | "oversize"
  | "notFound"
  | "unauthorized"
  | "forbidden"
  | "throttled"
  | "unavailable"
  | "rejected";

/** A failure in the reflector's words. */
export interface ListWatchFault {
  readonly kind: FaultKind;
  /** What the server asked us to wait, ms. */
  readonly retryAfterMs?: number;
}

/**
 * The API server's list and watch of one kind, as the reflector needs them.
 *
 * Guarantees: `list` is consistent: without a continue token it never answers from a stale cache. `watch` throws for an
 * error event and for a line that cannot be understood; it never skips one. Both end soon after their signal aborts.
 * `faultOf` understands whatever they throw, and calls what it does not know `unavailable`.
 */
export interface ListWatch {
  list(request: ListRequest): Promise<ListPage>;
  /**
   * A consistent list that the server sends object by object; it goes on after END as a watch does, until it is left.
   * Absent: lists come in pages only. A server that does not know this may refuse it, end it, or never send END.
   */
  stream?(request: StreamRequest): AsyncIterable<InitialEvent>;
  watch(request: WatchRequest): AsyncIterable<WatchEvent>;
  faultOf(error: unknown): ListWatchFault;
}
