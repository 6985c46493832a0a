import { DEFAULT_SERVICES } from "./place.ts";

/** The spec of an object as the API server returns it: the API server has checked its schema. */
type RawSpec = Readonly<Record<string, unknown>>;
type RawStatement = Readonly<Record<string, unknown>>;

/** What a spec grants, and what limits it, as texts that are equal for equal parts. */
interface Access {
  readonly grants: ReadonlySet<string>;
  readonly limits: ReadonlySet<string>;
}

/** Larger edits are not compared pattern by pattern: this decides an order only, so it must be cheap. */
const MAX_COMPARISONS = 1_000;

/**
 * True when an edit removes grants or adds limits (Deny statements, a permissions boundary), and does nothing else: each
 * grant that it adds is covered by one that it removes, as `s3:GetObject` by `s3:*`.
 *
 * It compares texts and reads no policy, so it can miss an edit that narrows. It decides what is reconciled first, and
 * nothing else.
 */
export function narrowsAccess(before: unknown, after: unknown): boolean {
  const [then, now] = [accessOf((before ?? {}) as RawSpec), accessOf((after ?? {}) as RawSpec)];
  if (without(then.limits, now.limits).length > 0) return false;
  const removed = without(then.grants, now.grants);
  const added = without(now.grants, then.grants);
  const isLimited = without(now.limits, then.limits).length > 0;
  if (removed.length === 0) return isLimited && added.length === 0;
  if (added.length * removed.length > MAX_COMPARISONS) return false;
  return added.every((grant) => removed.some((wider) => covers(wider, grant)));
}

function accessOf(spec: RawSpec): Access {
  const trust = (spec["trust"] ?? {}) as RawSpec;
  const policies = [...listOf(spec["inlinePolicies"]), ...listOf(spec["managedPolicies"])] as readonly RawSpec[];
  const statements = [
    ...[spec, ...policies]
      .flatMap((policy) => listOf(policy["statements"]))
      .map((it) => ({ use: "permission", statement: it as RawStatement })),
    ...listOf(trust["statements"]).map((it) => ({ use: "trust", statement: it as RawStatement })),
  ];
  const isDeny = ({ statement }: (typeof statements)[number]): boolean => statement["effect"] === "Deny";
  const boundary = spec["permissionsBoundaryArn"];
  const documents = [trust, ...policies]
    .map((policy) => policy["document"])
    .flatMap((document) => (document === undefined ? [] : [`document ${JSON.stringify(document)}`]));
  return {
    grants: new Set([
      ...statements.filter((one) => !isDeny(one)).flatMap(grantsOf),
      ...listOf(spec["managedPolicyArns"]).map((arn) => `managed policy ${String(arn)}`),
      ...servicesOf(trust).map((service) => `service ${String(service)}`),
      // A document is compared as a whole: any change of one adds a grant.
      ...documents,
    ]),
    limits: new Set([
      ...statements.filter(isDeny).map((one) => JSON.stringify(one)),
      ...(boundary === undefined ? [] : [`boundary ${String(boundary)}`]),
      // Also in a document that is written as a text.
      ...documents.filter((document) => document.includes("Deny")),
    ]),
  };
}

function servicesOf({ services, document }: RawSpec): readonly unknown[] {
  return services === undefined && document === undefined ? DEFAULT_SERVICES : listOf(services);
}

/** One text for each action and each resource of an Allow statement, together with the rest of the statement. */
function grantsOf({ use, statement }: { readonly use: string; readonly statement: RawStatement }): readonly string[] {
  const { sid: _, actions, resources, ...rest } = statement;
  const frame = `${use} ${JSON.stringify(rest)}`;
  return [
    ...listOf(actions).map((action) => `${frame} action ${String(action).toLowerCase()}`),
    ...listOf(resources).map((resource) => `${frame} resource ${String(resource)}`),
    ...(actions === undefined && resources === undefined ? [frame] : []),
  ];
}

/** True when the pattern, with `*` for any text, matches the text. Linear in both. */
function covers(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function without(texts: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  return [...texts].filter((text) => !others.has(text));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
