import { asciiLowerCase } from "./policy/policy-json.ts";

/**
 * The key by which IAM compares names of roles and instance profiles: `App` and `app` are the same name
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). For inline policies this is not documented, so decisions
 * about them must be correct in both cases.
 */
export function nameKey(name: string): string {
  return asciiLowerCase(name);
}

/** True when IAM treats the two names as the same. */
export function sameName(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && nameKey(one) === nameKey(other);
}

/** The name at the end of an IAM ARN, after the path. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** The account id in an ARN; undefined in an ARN without one. */
export function accountInArn(arn: string): string | undefined {
  return arn.split(":")[4] || undefined;
}

/** An AWS account, as ARNs name it. */
export interface AccountPlace {
  /** 12 digits. */
  readonly accountId: string;
  /** `aws`, `aws-cn`, … */
  readonly partition: string;
}

/** The ARN of a customer managed policy. */
export function ownPolicyArn({ accountId, partition }: AccountPlace, path: string, name: string): string {
  return `arn:${partition}:iam::${accountId}:policy${path}${name}`;
}

/** The account of a role; undefined for a role whose ARN IAM does not show yet. */
export function placeInRoleArn(arn: string): AccountPlace | undefined {
  const [, partition, , , accountId] = arn.split(":");
  return partition === undefined || accountId === undefined ? undefined : { accountId, partition };
}

/** Name and path of a managed policy, by its ARN. */
export function placeInArn(arn: string): { readonly name: string; readonly path: string } {
  const name = nameInArn(arn);
  return { name, path: arn.slice(arn.indexOf(":policy/") + ":policy".length, arn.length - name.length) };
}

/** The maximum length of a role name. */
const MAX_ROLE_NAME_CHARS = 64;
/** Neither namespaces nor names of Kubernetes objects contain it. */
const HASH_SEPARATOR = "_";
const NAMESPACE_SEPARATOR = "--";
/** The end of a prefix that contains the namespace already. */
const NAMESPACE_PREFIX = "{namespace}-";

/**
 * The role name of an object that names none: the prefix of its class, its namespace, two dashes and its name. The namespace is not repeated
 * after a prefix that ends with `{namespace}-`: `team-a--app` with that prefix and without any.
 *
 * Different objects get different names under one prefix. A namespace is not followed by a third dash, and a namespace that contains
 * two, or a name that is too long for IAM, ends with a hash of the namespace and name behind an underscore.
 *
 * @param prefix of the class, as the class has it
 * @param filled the same prefix with its placeholders filled in
 */
export function derivedRoleName(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { prefix, filled }: { readonly prefix: string; readonly filled: string } = { prefix: "", filled: "" },
): string {
  const own = prefix.endsWith(NAMESPACE_PREFIX) ? `-${name}` : `${namespace}${NAMESPACE_SEPARATOR}${name}`;
  const whole = filled + own;
  if (whole.length <= MAX_ROLE_NAME_CHARS && !namespace.includes(NAMESPACE_SEPARATOR)) return whole;
  const id = `${namespace}/${name}`;
  const hash = HASH_SEPARATOR + shortHash(id) + shortHash(`/${id}`);
  return whole.slice(0, MAX_ROLE_NAME_CHARS - hash.length) + hash;
}

/** The spec with another name in the place of derived ones. */
export function withNames<Spec>(spec: Spec, derived: readonly (keyof Spec)[], name: string): Spec {
  return { ...spec, ...Object.fromEntries(derived.map((field) => [field, name])) };
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The length of a hash. 62^6 exceeds the 2^32 values of the hash, so more characters would add nothing. */
export const SHORT_HASH_CHARS = 6;

/** FNV-1a over UTF-16 units, mixed once more so that every digit spreads, in base 62, lowest digit first. */
export function shortHash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  let rest = (state ^ (state >>> 16)) >>> 0;
  let encoded = "";
  for (let i = 0; i < SHORT_HASH_CHARS; i++) {
    encoded += BASE62.charAt(rest % 62);
    rest = Math.floor(rest / 62);
  }
  return encoded;
}
