import type { Random } from "../random.ts";

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const hexAlphabet = "0123456789abcdef";

/** The kinds of IAM entity, by the prefix of their unique ids. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
export type UniqueIdPrefix = "AROA" | "AIPA" | "ANPA" | "ASIA";

/** A unique id as IAM gives them: a prefix and 17 characters. */
export function uniqueId(prefix: UniqueIdPrefix, random: Random): string {
  return `${prefix}${random.text(idAlphabet, 17)}`;
}

/** The unique id of every account's only user. */
export const DEVELOPER_ID = "AIDASANDBOXSANDBOXSAN";

/** An EC2 id: `i-…`, `r-…`, `iip-assoc-…`. */
export function ec2Id(prefix: string, random: Random): string {
  return `${prefix}-${random.text(hexAlphabet, 17)}`;
}

/** A request id in the form of a UUID. */
export function requestId(random: Random): string {
  return [8, 4, 4, 4, 12].map((length) => random.text(hexAlphabet, length)).join("-");
}

/** Where ARNs of this account begin. */
export interface ArnScope {
  readonly partition: string;
  readonly accountId: string;
}

/** `arn:aws:iam::123456789012:role/path/name`; `path` begins and ends with a slash. */
export function iamArn(scope: ArnScope, kind: string, path: string, name: string): string {
  return `arn:${scope.partition}:iam::${scope.accountId}:${kind}${path}${name}`;
}

/** The account itself as a principal. */
export function rootArn(scope: ArnScope, accountId: string): string {
  return `arn:${scope.partition}:iam::${accountId}:root`;
}

/** The friendly name at the end of an IAM ARN. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
