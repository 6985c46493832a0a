import { DEEPEST_POLICY } from "./policy-json.ts";

/** A policy of a spec that IAM accepts in no account. */
export interface OversizePolicy {
  /** The field that holds it. */
  readonly field: "spec.statements" | "spec.inlinePolicies" | "spec.managedPolicies" | "spec.trust";
  /** What is wrong, where, and what to do. */
  readonly message: string;
}

/**
 * All inline policies of a role together, in characters other than white space. A character limit, not a quota: AWS raises it
 * in no account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_INLINE_POLICIES_CHARS = 10_240;

/** One managed policy, counted in the same way; the same in every account. */
export const MAX_MANAGED_POLICY_CHARS = 6_144;

/** A trust policy in an account whose quota is raised as far as AWS raises it, counted in the same way. */
export const MAX_TRUST_POLICY_CHARS = 8_192;

/** A policy document as it is sent, white space included: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
export const MAX_DOCUMENT_CHARS = 131_072;

/**
 * The policies of a spec that are too large for IAM whatever the account's quotas and however they are spelled; empty where IAM
 * may take them.
 *
 * Takes a spec as it came, before anything of it is known to be valid. It counts until a limit is reached and no further, so
 * its cost does not grow with the spec.
 */
export function oversizePolicies(spec: unknown): readonly OversizePolicy[] {
  const { statements, inlinePolicies, managedPolicies, trust } = record(spec);
  const others = Array.isArray(inlinePolicies) ? inlinePolicies.map(contentOf) : [];
  const inline = excessOf([statements, ...others], MAX_INLINE_POLICIES_CHARS);
  const trusted = excessOf([contentOf(trust)], MAX_TRUST_POLICY_CHARS);
  return [
    ...(inline === undefined ? [] : [oversizeInline(inline, others.length > 0)]),
    ...oversizeManaged(managedPolicies),
    ...(trusted === undefined
      ? []
      : [
          {
            field: "spec.trust" as const,
            message:
              `spec.trust: the trust policy has more than ${trusted}, and IAM takes no more in any account. Name fewer ` +
              "principals, or write fewer conditions.",
          },
        ]),
  ];
}

/** The first managed policy that is too large; the others are not read. */
function oversizeManaged(policies: unknown): readonly OversizePolicy[] {
  if (!Array.isArray(policies)) return [];
  for (const [index, policy] of policies.entries()) {
    const excess = excessOf([contentOf(policy)], MAX_MANAGED_POLICY_CHARS);
    if (excess === undefined) continue;
    const message =
      `spec.managedPolicies[${index}]: the policy has more than ${excess}, and IAM takes no more in any account. Shorten the statements, ` +
      "or move a part of them to another managed policy.";
    return [{ field: "spec.managedPolicies", message }];
  }
  return [];
}

function oversizeInline(excess: string, areSeveral: boolean): OversizePolicy {
  const field = areSeveral ? "spec.inlinePolicies" : "spec.statements";
  const message =
    `${field}: the inline ${areSeveral ? "policies together have" : "policy has"} more than ${excess}, and IAM takes no more for a role ` +
    "in any account. Shorten the statements, or move a part of them to managed policies (spec.managedPolicies).";
  return { field, message };
}

/** What counts of a policy: its statements, or its document, whose text is read if it can be. */
function contentOf(policy: unknown): unknown {
  const { statements, document } = record(policy);
  if (typeof document !== "string") return document ?? statements ?? policy;
  if (document.length > MAX_DOCUMENT_CHARS) return document;
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}

/** The limit that the shortest spelling of the values goes beyond, in words; undefined where it goes beyond none. */
function excessOf(values: readonly unknown[], maxChars: number): string | undefined {
  const meter = new Meter(maxChars);
  for (const value of values) meter.count(value);
  if (meter.isTooDeep) return `${DEEPEST_POLICY} levels of lists and objects in each other`;
  if (meter.chars > maxChars) return `${grouped(maxChars)} characters without white space`;
  return meter.sentChars > MAX_DOCUMENT_CHARS ? `${grouped(MAX_DOCUMENT_CHARS)} characters` : undefined;
}

/** Fields of a statement that have a letter less in IAM's spelling. */
const PLURALS: ReadonlySet<string> = new Set([
  "actions",
  "notActions",
  "resources",
  "notResources",
  "conditions",
  "principals",
  "services",
  "canonicalUsers",
]);

/** Counts what a value takes at least as JSON: a list of one as its member, and every escape of more than two characters as one. */
class Meter {
  /** Without white space. */
  chars = 0;
  /** As sent. */
  sentChars = 0;
  readonly #maxChars: number;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** Nested deeper than any policy. */
  isTooDeep = false;
  #level = 0;

  count(value: unknown): void {
    if (this.#isFull) return;
    this.isTooDeep = this.#level > DEEPEST_POLICY;
    this.#level += 1;
    this.#countValue(value);
    this.#level -= 1;
  }

  #countValue(value: unknown): void {
    if (typeof value === "string") this.#countText(value);
    else if (Array.isArray(value)) this.#countList(value);
    else if (typeof value === "object" && value !== null) this.#countObject(value);
  }

  get #isFull(): boolean {
    return this.isTooDeep || this.chars > this.#maxChars || this.sentChars > MAX_DOCUMENT_CHARS;
  }

  #countList(members: readonly unknown[]): void {
    if (members.length !== 1) this.#add(1 + members.length);
    for (const member of members) {
      if (this.#isFull) return;
      this.count(member);
    }
  }

  #countObject(fields: object): void {
    this.#add(1);
    for (const key in fields) {
      if (this.#isFull) return;
      const value: unknown = Reflect.get(fields, key);
      if (value === null || value === "") continue;
      this.#countText(key);
      this.#add(PLURALS.has(key) ? 1 : 2);
      this.count(value);
    }
  }

  #countText(text: string): void {
    this.#add(2);
    // Beyond the largest limit nothing is left to be counted.
    const end = Math.min(text.length, MAX_DOCUMENT_CHARS + 1);
    for (let index = 0; index < end; index += 1) {
      const code = text.charCodeAt(index);
      const sent = code === QUOTE || code === BACKSLASH ? 2 : 1;
      this.sentChars += sent;
      if (code > SPACE) this.chars += sent;
    }
  }

  #add(chars: number): void {
    this.chars += chars;
    this.sentChars += chars;
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
