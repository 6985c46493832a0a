import { nameKey } from "../../model/naming.ts";
import { ofProfile, ofRole } from "../observe/written-value.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An object has at most this many tags. */
const MAX_TAGS = 50;
/** The maximum of IAM for the name of a policy, and for the key of a tag. */
const MAX_NAME_CHARS = 128;
/** The maximum of IAM for an ARN. */
const MAX_ARN_CHARS = 2_048;

/**
 * The values that a call of another client has replaced, by the names of {@link writtenValue}: a read that shows another value than the
 * controller has written does not lag then. Empty for calls that replace none, and for what the controller cannot read.
 */
export function replacedValues(action: string, request: Fields): readonly string[] {
  const { policyName, policyArn } = request;
  switch (action) {
    case "UpdateRole":
    case "UpdateRoleDescription":
      return [ofRole("settings")];
    case "UpdateAssumeRolePolicy":
      return [ofRole("trust policy")];
    case "PutRolePermissionsBoundary":
    case "DeleteRolePermissionsBoundary":
      return [ofRole("boundary")];
    case "PutRolePolicy":
    case "DeleteRolePolicy":
      return isText(policyName, MAX_NAME_CHARS) ? [ofRole(`inline policy ${nameKey(policyName)}`)] : [];
    case "AttachRolePolicy":
    case "DetachRolePolicy":
      return isText(policyArn, MAX_ARN_CHARS) ? [ofRole(`managed policy ${policyArn}`)] : [];
    case "TagRole":
    case "UntagRole":
      return tagKeysIn(request).map((key) => ofRole(`tag ${key}`));
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      return [ofProfile("membership")];
    case "TagInstanceProfile":
    case "UntagInstanceProfile":
      return tagKeysIn(request).map((key) => ofProfile(`tag ${key}`));
    default:
      return [];
  }
}

function tagKeysIn({ tags, tagKeys }: Fields): readonly string[] {
  const named = [...listOf(tags).map((tag) => (tag as Fields | null)?.["key"]), ...listOf(tagKeys)];
  return named.filter((key) => isText(key, MAX_NAME_CHARS));
}

/** What is longer, IAM has not. Anybody who can write to the queue can invent it, and it is kept in memory. */
function isText(value: unknown, maxChars: number): value is string {
  return typeof value === "string" && value.length <= maxChars;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_TAGS) : [];
}
