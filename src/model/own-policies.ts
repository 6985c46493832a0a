import { nameInArn } from "./naming.ts";
import { TAG_PREFIX, type Tags } from "./ownership.ts";

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

/**
 * The key of the first tag of a role that names the managed policies that the object owns, attached or not. Without it, the controller would not find
 * a policy that is created and not attached yet, or detached and not deleted. It proves nothing: the owner tags of each policy do.
 */
const OWN_POLICIES_TAG = `${TAG_PREFIX}managed-policies`;

const MAX_TAG_VALUE_CHARS = 256;
const KEY = new RegExp(`^${OWN_POLICIES_TAG}([.][0-9]+)?$`);

/** The ARNs of the managed policies that the tags of a role name; sorted. */
export function recordedOwnPolicies(tags: Tags, place: AccountPlace): readonly string[] {
  const texts = Object.entries(tags).flatMap(([key, value]) => (KEY.test(key) ? value.split(" ") : []));
  const { accountId, partition } = place;
  return [...new Set(texts.filter((text) => text.startsWith("/")))]
    .map((text) => `arn:${partition}:iam::${accountId}:policy${decoded(text)}`)
    .sort();
}

/** The tags of a role that name these managed policies: none for none. A name that no tag has room for is left out. */
export function ownPolicyTags(arns: readonly string[]): Tags {
  const values: string[] = [];
  for (const text of [...new Set(arns)].sort().map(encoded)) {
    const last = values.at(-1);
    if (text.length > MAX_TAG_VALUE_CHARS) continue;
    if (last !== undefined && last.length + 1 + text.length <= MAX_TAG_VALUE_CHARS)
      values.splice(-1, 1, `${last} ${text}`);
    else values.push(text);
  }
  return Object.fromEntries(values.map((value, index) => [keyOf(index), value]));
}

/** True for the key of a tag that names managed policies. */
export function isOwnPoliciesTag(key: string): boolean {
  return KEY.test(key);
}

function keyOf(index: number): string {
  return index === 0 ? OWN_POLICIES_TAG : `${OWN_POLICIES_TAG}.${index + 1}`;
}

/** Path and name, in the characters that a tag value may have. */
function encoded(arn: string): string {
  const { path, name } = placeInArn(arn);
  return `${path}${name}`.replaceAll(/[^A-Za-z0-9_./=+@-]/g, (character) => {
    return `:${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

function decoded(text: string): string {
  return text.replaceAll(/:([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
