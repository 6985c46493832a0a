import { AwsFault } from "../fault.ts";
import type { HttpAnswer, XmlTree } from "../protocol/answer.ts";
import { xmlAnswer } from "./answer.ts";
import type { Bucket, StoredObject } from "./bucket.ts";

/** A line of a listing: an object, or all that begins alike up to the delimiter. */
type Entry = { readonly name: string; readonly object: StoredObject | undefined };

/** ListObjectsV2: by prefix, rolled up at a delimiter, in pages that a token goes on from. */
export function listObjects(bucket: Bucket, query: URLSearchParams): HttpAnswer {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const limit = Number(query.get("max-keys") ?? 1_000);
  if (!Number.isInteger(limit) || limit < 0) {
    throw new AwsFault("InvalidArgument", 400, "Provided max-keys not an integer or within integer range");
  }
  const after = nameIn(query.get("continuation-token")) ?? query.get("start-after") ?? "";
  const all = entriesOf(bucket, prefix, delimiter).filter(({ name }) => name > after);
  const page = all.slice(0, Math.min(limit, 1_000));
  const last = page.length < all.length ? page.at(-1)?.name : undefined;
  const shown = query.get("encoding-type") === "url" ? encodeURIComponent : (name: string) => name;
  return xmlAnswer("ListBucketResult", {
    Name: bucket.name,
    Prefix: shown(prefix),
    Delimiter: delimiter === "" ? undefined : shown(delimiter),
    MaxKeys: limit,
    KeyCount: page.length,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: last !== undefined,
    ContinuationToken: query.get("continuation-token") ?? undefined,
    NextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString("base64url"),
    Contents: page.flatMap(({ object }) => (object === undefined ? [] : [contentsOf(object, shown)])),
    CommonPrefixes: page.flatMap(({ name, object }) => (object === undefined ? [{ Prefix: shown(name) }] : [])),
  });
}

function contentsOf({ key, body, etag, modifiedAtMs }: StoredObject, shown: (name: string) => string): XmlTree {
  return {
    Key: shown(key),
    LastModified: new Date(modifiedAtMs).toISOString(),
    ETag: etag,
    Size: body.length,
    StorageClass: "STANDARD",
  };
}

/** In the order of UTF-8, as S3 lists. */
function entriesOf({ objects }: Bucket, prefix: string, delimiter: string): readonly Entry[] {
  const entries = new Map<string, StoredObject | undefined>();
  for (const object of objects.values()) {
    if (!object.key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end === -1) entries.set(object.key, object);
    else entries.set(object.key.slice(0, end + delimiter.length), undefined);
  }
  return [...entries]
    .map(([name, object]) => ({ name, object }))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function nameIn(token: string | null): string | undefined {
  return token === null ? undefined : Buffer.from(token, "base64url").toString("utf8");
}
