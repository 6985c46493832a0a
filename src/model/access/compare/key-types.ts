import type { Matcher } from "./condition-matcher.ts";

type Family = Matcher["family"];

/**
 * Condition keys that are not texts, in lower case, and the families of operators that read all of their values. A policy may use any
 * operator with any key: all other keys, such as `aws:username`, can have a value that is no number, truth value, date or address.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const TYPES: ReadonlyMap<string, readonly Family[]> = new Map<string, readonly Family[]>([
  ["aws:currenttime", ["date"]],
  ["aws:ec2instancesourceprivateipv4", ["address"]],
  ["aws:epochtime", ["date", "number"]],
  ["aws:multifactorauthage", ["number"]],
  ["aws:multifactorauthpresent", ["truth"]],
  ["aws:principalisawsservice", ["truth"]],
  ["aws:securetransport", ["truth"]],
  ["aws:sourceip", ["address"]],
  ["aws:tokenissuetime", ["date"]],
  ["aws:viaawsservice", ["truth"]],
  ["aws:vpcsourceip", ["address"]],
  ["ec2:encrypted", ["truth"]],
  ["elasticfilesystem:encrypted", ["truth"]],
  ["kms:grantisforawsresource", ["truth"]],
  ["rds:storageencrypted", ["truth"]],
  ["s3:max-keys", ["number"]],
  ["s3:signatureage", ["number"]],
]);

/** True when the operators of the family read every value that the key can have. */
export function isOfType(key: string, family: Family): boolean {
  return TYPES.get(key)?.includes(family) ?? false;
}

/**
 * Global condition keys that have several values.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export const MULTIVALUED_KEYS: readonly string[] = [
  "aws:calledvia",
  "aws:principalorgpaths",
  "aws:principalservicenameslist",
  "aws:resourceorgpaths",
  "aws:sourceorgpaths",
  "aws:tagkeys",
  "aws:vpceorgpaths",
];
