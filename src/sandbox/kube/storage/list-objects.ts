import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject, stringMember } from "../../../crd/json.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ListQuery } from "../query/list-query.ts";
import { badRequest, expired, resourceVersionTooLarge } from "../status-error.ts";
import type { ObjectList } from "../tables/represent.ts";
import { CompactedError, type ObjectStore, type Snapshot } from "./object-store.ts";

/** Where a paged list goes on; a revision of -1 takes the newest. */
interface Position {
  readonly revision: number;
  /** The first key that may come. */
  readonly startKey: string;
}

const tooOld = "The resourceVersion for the provided list is too old.";
const continueTooOld =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** Reads a page of a collection at one revision. Raises 400, 410 (with a token to go on inconsistently) and 504. */
export function listObjects(store: ObjectStore, endpoint: Endpoint, namespace: string, query: ListQuery): ObjectList {
  const prefix = namespace === "" ? "" : `${namespace}/`;
  const start = query.continueToken === "" ? undefined : decodePosition(query.continueToken);
  if (start !== undefined && (query.resourceVersion ?? 0) !== 0) {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  const snapshot =
    start === undefined ? readAt(store, endpoint, prefix, query) : readOn(store, endpoint, prefix, start);
  return page(endpoint, snapshot, prefix, query);
}

function page(endpoint: Endpoint, snapshot: Snapshot, prefix: string, query: ListQuery): ObjectList {
  const items: JsonObject[] = [];
  // A server with a watch cache answers resourceVersion=0 whole.
  const limit = query.resourceVersion === 0 ? 0 : query.limit;
  let lastKey = "";
  let seen = 0;
  for (const [key, stored] of snapshot.entries) {
    if (limit > 0 && items.length === limit) {
      const token = encodePosition(lastKey.slice(prefix.length), snapshot.revision);
      const remaining = query.selective ? {} : { remainingItemCount: snapshot.entries.length - seen };
      return { items, listMeta: { resourceVersion: String(snapshot.revision), continue: token, ...remaining } };
    }
    const object = endpoint.fromStored(stored);
    if (query.matches(object)) items.push(object);
    lastKey = key;
    seen += 1;
  }
  return { items, listMeta: { resourceVersion: String(snapshot.revision) } };
}

function readAt(store: ObjectStore, endpoint: Endpoint, prefix: string, query: ListQuery): Snapshot {
  const asked = query.resourceVersion ?? 0;
  if (asked > store.revision) throw resourceVersionTooLarge(asked, store.revision);
  const isExact = query.match === "Exact" || (query.match === "" && query.limit > 0 && asked > 0);
  if (!isExact) return store.list(endpoint.storage, prefix);
  try {
    return store.list(endpoint.storage, prefix, asked);
  } catch (error) {
    if (error instanceof CompactedError) throw expired(tooOld);
    throw error;
  }
}

function readOn(store: ObjectStore, endpoint: Endpoint, prefix: string, position: Position): Snapshot {
  if (position.revision === -1) return from(store.list(endpoint.storage, prefix), prefix, position);
  try {
    return from(store.list(endpoint.storage, prefix, position.revision), prefix, position);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw expired(continueTooOld, { continue: encodePosition(position.startKey.slice(0, -1), -1) });
  }
}

function from(snapshot: Snapshot, prefix: string, position: Position): Snapshot {
  return { ...snapshot, entries: snapshot.entries.filter(([key]) => key.slice(prefix.length) >= position.startKey) };
}

function encodePosition(lastKey: string, revision: number): string {
  const token = { v: "meta.k8s.io/v1", rv: revision, start: `${lastKey}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function decodePosition(token: string): Position {
  let value: Json;
  try {
    value = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw badRequest("invalid continue token: continue key is not valid");
  }
  if (!isObject(value)) throw badRequest("invalid continue token: continue key is not valid");
  const { rv, v } = value;
  const startKey = stringMember(value, "start");
  if (v !== "meta.k8s.io/v1") {
    throw badRequest(
      "invalid continue token: continue key is not valid: server does not recognize this encoded version",
    );
  }
  if (typeof rv !== "number" || rv === 0) {
    throw badRequest(
      "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    );
  }
  if (startKey === "")
    throw badRequest(
      "invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)",
    );
  return { revision: rv, startKey };
}
