import { createHash } from "node:crypto";
import type { Cloud } from "../cloud.ts";
import { AwsFault } from "../fault.ts";
import type { HttpAnswer } from "../protocol/answer.ts";
import { emptyAnswer, xmlAnswer } from "./answer.ts";
import type { Bucket, StoredObject } from "./bucket.ts";
import { listObjects } from "./list-objects.ts";
import { authorizeS3, mayListBucket, type S3Attempt } from "./permissions.ts";
import type { S3Action } from "./request.ts";

/** A call that may be made, and the bucket that it is about. */
interface Allowed {
  readonly cloud: Cloud;
  readonly attempt: S3Attempt;
  readonly bucket: Bucket;
}

const ofBuckets: Readonly<Record<Exclude<S3Action, "ListBuckets" | "CreateBucket">, (call: Allowed) => HttpAnswer>> = {
  HeadBucket: ({ bucket }) => emptyAnswer(200, { "x-amz-bucket-region": bucket.region }),
  DeleteBucket: deleteBucket,
  GetBucketLocation: ({ bucket }) =>
    xmlAnswer("LocationConstraint", bucket.region === "us-east-1" ? "" : bucket.region),
  ListObjectsV2: ({ bucket, attempt }) => listObjects(bucket, attempt.request.query),
  PutObject: putObject,
  GetObject: (call) => {
    const object = requireObject(call);
    return { status: 200, headers: headersOf(object), body: object.body };
  },
  HeadObject: (call) => {
    const object = requireObject(call);
    return emptyAnswer(200, { ...headersOf(object), "content-length": String(object.body.length) });
  },
  DeleteObject: ({ bucket, attempt }) => {
    bucket.objects.delete(attempt.request.key);
    return emptyAnswer(204);
  },
};

/**
 * Carries out a call, if the caller may make it. That a bucket is not there is told to everyone.
 * @throws AwsFault AccessDenied, NoSuchBucket, NoSuchKey, BucketNotEmpty and the like
 */
export function performS3(cloud: Cloud, attempt: S3Attempt): HttpAnswer {
  const { request } = attempt;
  const bucket = cloud.buckets.get(request.bucket);
  if (request.action === "ListBuckets") {
    authorizeS3(attempt, undefined);
    return listBuckets(cloud, attempt);
  }
  if (request.action === "CreateBucket") {
    authorizeS3(attempt, undefined);
    return createBucket(cloud, attempt);
  }
  if (bucket === undefined) throw new AwsFault("NoSuchBucket", 404, "The specified bucket does not exist");
  authorizeS3(attempt, bucket);
  return ofBuckets[request.action]({ cloud, attempt, bucket });
}

function listBuckets(cloud: Cloud, { caller }: S3Attempt): HttpAnswer {
  const { accountId } = caller.account.settings;
  const own = [...cloud.buckets.values()].filter((bucket) => bucket.accountId === accountId);
  const shown = own
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, createdAtMs }) => ({ Name: name, CreationDate: new Date(createdAtMs).toISOString() }));
  return xmlAnswer("ListAllMyBucketsResult", { Owner: { ID: accountId }, Buckets: { Bucket: shown } });
}

function createBucket(cloud: Cloud, { caller, region, request }: S3Attempt): HttpAnswer {
  const { bucket: name, body } = request;
  const { accountId } = caller.account.settings;
  if (!/^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw new AwsFault("InvalidBucketName", 400, "The specified bucket is not valid.");
  }
  const present = cloud.buckets.get(name);
  if (present !== undefined && present.accountId !== accountId) {
    throw new AwsFault("BucketAlreadyExists", 409, "The requested bucket name is not available.");
  }
  if (present !== undefined) {
    const message = "Your previous request to create the named bucket succeeded and you already own it.";
    throw new AwsFault("BucketAlreadyOwnedByYou", 409, message);
  }
  const [, constraint] = /<LocationConstraint>([\w-]+)</.exec(body.toString("utf8")) ?? [];
  const createdAtMs = caller.account.now();
  cloud.buckets.set(name, { name, accountId, region: constraint ?? region, createdAtMs, objects: new Map() });
  return emptyAnswer(200, { location: `/${name}` });
}

function deleteBucket({ cloud, bucket }: Allowed): HttpAnswer {
  if (bucket.objects.size > 0) {
    throw new AwsFault("BucketNotEmpty", 409, "The bucket you tried to delete is not empty");
  }
  cloud.buckets.delete(bucket.name);
  return emptyAnswer(204);
}

function putObject({ bucket, attempt }: Allowed): HttpAnswer {
  const { key, body, headers } = attempt.request;
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    name === "content-type" || name.startsWith("x-amz-meta-") ? [[name, String(value)]] : [],
  );
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  const modifiedAtMs = attempt.caller.account.now();
  bucket.objects.set(key, { key, body, headers: Object.fromEntries(kept), etag, modifiedAtMs });
  return emptyAnswer(200, { etag });
}

function requireObject({ bucket, attempt }: Allowed): StoredObject {
  const object = bucket.objects.get(attempt.request.key);
  if (object !== undefined) return object;
  throw mayListBucket(attempt, bucket)
    ? new AwsFault("NoSuchKey", 404, "The specified key does not exist.")
    : new AwsFault("AccessDenied", 403, "Access Denied");
}

function headersOf({ headers, etag, modifiedAtMs }: StoredObject): Readonly<Record<string, string>> {
  return {
    "content-type": "binary/octet-stream",
    ...headers,
    etag,
    "last-modified": new Date(modifiedAtMs).toUTCString(),
  };
}
