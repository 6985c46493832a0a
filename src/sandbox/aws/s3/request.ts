import type { IncomingHttpHeaders } from "node:http";
import { AwsFault } from "../fault.ts";

/** The calls of S3 that there are here. */
export type S3Action =
  | "ListBuckets"
  | "CreateBucket"
  | "HeadBucket"
  | "DeleteBucket"
  | "GetBucketLocation"
  | "ListObjectsV2"
  | "PutObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject";

/** One call, before anyone has looked at what it asks. */
export interface S3Request {
  readonly action: S3Action;
  /** Empty for ListBuckets. */
  readonly bucket: string;
  /** Empty for what is about a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The parts of an HTTP request that S3 uses. */
export interface S3HttpParts {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const ofBuckets: Readonly<Record<string, S3Action>> = {
  PUT: "CreateBucket",
  HEAD: "HeadBucket",
  DELETE: "DeleteBucket",
};
const ofObjects: Readonly<Record<string, S3Action>> = {
  PUT: "PutObject",
  GET: "GetObject",
  HEAD: "HeadObject",
  DELETE: "DeleteObject",
};

/** What may be in the query of a call without making it another call. */
const harmless =
  /^(x-id|x-amz-.*|list-type|prefix|delimiter|max-keys|max-buckets|continuation-token|start-after|encoding-type|fetch-owner|location)$/i;

/**
 * Reads a call out of a path-style request, `/bucket/key`, as SDKs send them to an IP address.
 * @throws AwsFault NotImplemented for the rest of S3
 */
export function parseS3Request({ method, url, headers, body }: S3HttpParts): S3Request {
  const { pathname, searchParams: query } = new URL(url, "http://s3");
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(decoded(pathname)) ?? [];
  const isKnown = [...query.keys()].every((name) => harmless.test(name)) && headers["x-amz-copy-source"] === undefined;
  const action = isKnown ? actionOf(method, bucket, key, query) : undefined;
  if (action === undefined) {
    throw new AwsFault(
      "NotImplemented",
      501,
      `A header you provided implies functionality that is not implemented: ${method} ${url} is not in this sandbox.`,
    );
  }
  return { action, bucket, key, query, headers, body: isChunked(headers) ? dechunked(body) : body };
}

function actionOf(method: string, bucket: string, key: string, query: URLSearchParams): S3Action | undefined {
  if (bucket === "") return method === "GET" ? "ListBuckets" : undefined;
  if (key !== "") return ofObjects[method];
  if (method !== "GET") return ofBuckets[method];
  if (query.has("location")) return "GetBucketLocation";
  return query.get("list-type") === "2" ? "ListObjectsV2" : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new AwsFault("InvalidURI", 400, "Couldn't parse the specified URI.");
  }
}

function isChunked(headers: IncomingHttpHeaders): boolean {
  return String(headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-");
}

/** The body without the sizes and signatures of its chunks: `<hex size>[;…]\r\n<bytes>\r\n`, up to a chunk of nothing. */
function dechunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, lineEnd === -1 ? at : lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    const start = lineEnd + 2;
    chunks.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
}
