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

/** Returns `namespace/name`, or `name` for cluster-scoped objects: the key of caches and queues. */
export function keyOf(object: { readonly metadata: Pick<ObjectMeta, "name" | "namespace"> }): string {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** One page of a list, at the state of `resourceVersion`. */
export interface ListPage {
  readonly items: readonly WatchedObject[];
  readonly resourceVersion: string;
  /** Set if there are more pages; pass it to the next request. */
  readonly continueToken?: string;
}

/** A list request; an undefined `limit` requests everything in one page. */
export interface ListRequest {
  readonly limit: number | undefined;
  readonly continueToken: string | undefined;
  readonly signal: AbortSignal;
}

/** A change of an object, or a bookmark of the watch's progress. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: WatchedObject }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** A watch request; the server ends the watch after `timeoutSeconds`. */
export interface WatchRequest {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  /** Called when the server has accepted the watch, before its first event. */
  readonly onOpen?: () => void;
  readonly signal: AbortSignal;
}

/** An event of a streamed list: an object, a change in the meantime, or the end of the list. */
export type InitialEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: WatchedObject }
  | { readonly type: "END"; readonly resourceVersion: string };

/** A request for a streamed list; the server ends it after `timeoutSeconds`. */
export interface StreamRequest {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Why a list or a watch failed:
 * - `expired`: the server no longer has that resource version (410).
 * - `rewound`: the server shows an earlier resource version than before: etcd was restored from a backup.
 * - `malformed`: the response is invalid, so something can have been missed.
 * - `oversize`: a page of a list exceeds the size limit; one with fewer objects can fit.
 * - `notFound`: the kind does not exist; its CRD may be missing (404).
 * - `unauthorized`, `forbidden`: invalid credentials, missing permissions (401, 403).
 * - `throttled`: the server asks for fewer requests (429).
 * - `unavailable`: network, timeouts, 5xx, unreadable credentials: probably transient.
 * - `rejected`: the server rejects this request (other 4xx, and an error event within the watch).
 */
export type FaultKind =
  | "expired"
  | "rewound"
  | "malformed"
  | "oversize"
  | "notFound"
  | "unauthorized"
  | "forbidden"
  | "throttled"
  | "unavailable"
  | "rejected";

/** A classified failure of a list or watch. */
export interface ListWatchFault {
  readonly kind: FaultKind;
  /** The delay that the server requested, ms. */
  readonly retryAfterMs?: number;
}

/**
 * List and watch of one kind on the API server, as the reflector needs them.
 *
 * Guarantees: `list` is consistent: without a continue token it never returns a stale cache. `watch` throws for an error event
 * and for an invalid line; it never skips one. Both end soon after their signal aborts. `faultOf` classifies everything they
 * throw; unknown errors are `unavailable`.
 */
export interface ListWatch {
  list(request: ListRequest): Promise<ListPage>;
  /**
   * A consistent list that the server sends object by object; after END it continues as a watch, until the loop is left.
   * Optional: without it lists are paginated. A server without support can reject it, end it, or never send END.
   */
  stream?(request: StreamRequest): AsyncIterable<InitialEvent>;
  watch(request: WatchRequest): AsyncIterable<WatchEvent>;
  faultOf(error: unknown): ListWatchFault;
}

/**
 * True when the API server has gone back in time from one resource version to another: etcd was restored from a backup.
 * Versions of one kind are decimal numbers that only grow: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions.
 * False for versions in any other form.
 */
export function isRewound(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || to === undefined || !DECIMAL.test(from) || !DECIMAL.test(to)) return false;
  return from.length === to.length ? to < from : to.length < from.length;
}

const DECIMAL = /^[1-9][0-9]*$/;

/** The API server shows an earlier resource version than before. */
export class RewoundError extends Error {
  constructor(from: string, to: string) {
    super(`The resource version went back from ${from} to ${to}`);
    this.name = "RewoundError";
  }
}
