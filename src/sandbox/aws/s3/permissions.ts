import { denialOf, notAuthorized } from "../authorization/authorize.ts";
import { sessionKeys } from "../authorization/context.ts";
import { AwsFault } from "../fault.ts";
import type { Caller } from "../handler.ts";
import type { Bucket } from "./bucket.ts";
import type { S3Action, S3Request } from "./request.ts";

/** The permission that each call asks for, and on what: some are not named after the call. */
const needed: Readonly<Record<S3Action, readonly [string, "account" | "bucket" | "object"]>> = {
  ListBuckets: ["s3:ListAllMyBuckets", "account"],
  CreateBucket: ["s3:CreateBucket", "bucket"],
  HeadBucket: ["s3:ListBucket", "bucket"],
  DeleteBucket: ["s3:DeleteBucket", "bucket"],
  GetBucketLocation: ["s3:GetBucketLocation", "bucket"],
  ListObjectsV2: ["s3:ListBucket", "bucket"],
  PutObject: ["s3:PutObject", "object"],
  GetObject: ["s3:GetObject", "object"],
  HeadObject: ["s3:GetObject", "object"],
  DeleteObject: ["s3:DeleteObject", "object"],
};

/** The permission that a call asks for: `s3:ListAllMyBuckets`. */
export function permissionFor(action: S3Action): string {
  return needed[action][0];
}

/** Who asks for what, where. */
export interface S3Attempt {
  readonly caller: Caller;
  readonly region: string;
  readonly request: S3Request;
  /** Actions that nobody may take. */
  readonly denied: ReadonlySet<string>;
}

/**
 * Refuses a call that the caller's policies do not allow, or that is about a bucket of another account: there are no bucket
 * policies here that could allow that.
 * @throws AwsFault AccessDenied
 */
export function authorizeS3(attempt: S3Attempt, bucket: Bucket | undefined): void {
  const [action, kind] = needed[attempt.request.action];
  const { partition } = attempt.caller.account.settings;
  const { bucket: name, key } = attempt.request;
  const arn = `arn:${partition}:s3:::${kind === "account" ? "*" : name}${kind === "object" ? `/${key}` : ""}`;
  const reason = reasonAgainst(attempt, action, kind === "account" ? "*" : arn, bucket);
  if (reason !== undefined) {
    throw new AwsFault("AccessDenied", 403, notAuthorized(attempt.caller, action, `"${arn}"`, reason));
  }
}

/** Whether the caller may see which objects a bucket has; who may not is not told that one is missing either. */
export function mayListBucket(attempt: S3Attempt, bucket: Bucket): boolean {
  const { partition } = attempt.caller.account.settings;
  return reasonAgainst(attempt, "s3:ListBucket", `arn:${partition}:s3:::${bucket.name}`, bucket) === undefined;
}

function reasonAgainst(
  { caller, region, request, denied }: S3Attempt,
  action: string,
  resource: string,
  bucket: Bucket | undefined,
): string | undefined {
  if (bucket !== undefined && bucket.accountId !== caller.account.settings.accountId) {
    return `because no resource-based policy allows the ${action} action`;
  }
  const isListing = request.action === "ListObjectsV2";
  return denialOf(denied, caller, { action, resource }, (session) => ({
    ...sessionKeys(session, region),
    "s3:prefix": isListing ? (request.query.get("prefix") ?? "") : undefined,
    "s3:delimiter": request.query.get("delimiter") ?? undefined,
    "s3:max-keys": request.query.get("max-keys") ?? undefined,
    "s3:ResourceAccount": bucket?.accountId,
    "aws:ResourceAccount": bucket?.accountId,
  }));
}
