import type { InstanceProfile } from "../../api/instance-profile.ts";
import { ABSENT, type Absent, type ObservedRole } from "../../model/observed-state.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import {
  type ManagedPolicies,
  manifestAccess,
  NO_ROLE,
  observedAccess,
  permissionsOnly,
  type RoleAccess,
  trustOnly,
} from "../../plan/access/role-access.ts";
import { UsageError } from "../io.ts";
import type { Manifest } from "../manifests/manifests.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { documentPathOf, type LocatableReport, manifestPathOf } from "./locate-statements.ts";
import { isTrustPolicy, nameOf, type Side } from "./policy-input.ts";

/** What of one object, or of two policies, is compared. */
export interface DiffPair {
  /** `namespace/name`; unset for two policy documents. */
  readonly name?: string;
  readonly from: Source;
  readonly to: Source;
}

/** Where the access of one side of a pair comes from. */
export type Source =
  | { readonly kind: "policy"; readonly manifest: Manifest }
  | { readonly kind: "object"; readonly subject: Subject }
  | { readonly kind: "live"; readonly object: InstanceProfile }
  | { readonly kind: "none" };

const NONE: Source = { kind: "none" };

/**
 * The pairs of two sides. Objects are paired by namespace and name. An object that only one side has is compared with nothing. A policy
 * document is compared with the one object of the other side.
 *
 * Errors: UsageError for sides that cannot be paired.
 */
export function pairsOf(from: Side, to: Side): readonly DiffPair[] {
  if (from.kind === "live" || to.kind === "live") return livePairs(from, to);
  if (from.kind === "objects" && to.kind === "objects") return objectPairs(from.subjects, to.subjects);
  const [before, after] = [single(from), single(to)];
  const object = [after, before].find((source) => source.kind === "object");
  return [{ ...(object?.kind === "object" && { name: nameOf(object.subject.object) }), from: before, to: after }];
}

function livePairs(from: Side, to: Side): readonly DiffPair[] {
  const other = from.kind === "live" ? to : from;
  if (other.kind !== "objects")
    throw new UsageError("live names the roles of manifests: name manifests on the other side");
  return other.subjects.map((subject) => {
    const [live, object]: [Source, Source] = [
      { kind: "live", object: subject.object },
      { kind: "object", subject },
    ];
    return { name: nameOf(subject.object), from: from === other ? object : live, to: from === other ? live : object };
  });
}

function objectPairs(from: readonly Subject[], to: readonly Subject[]): readonly DiffPair[] {
  const before = byName(from, "from");
  const after = byName(to, "to");
  const source = (subject: Subject | undefined): Source => (subject === undefined ? NONE : { kind: "object", subject });
  return [...new Set([...after.keys(), ...before.keys()])].map((name) => ({
    name,
    from: source(before.get(name)),
    to: source(after.get(name)),
  }));
}

/** Errors: UsageError for two objects of one name, because it is not known which of them counts. */
function byName(subjects: readonly Subject[], option: string): ReadonlyMap<string, Subject> {
  const named = new Map<string, Subject>();
  for (const subject of subjects) {
    const name = nameOf(subject.object);
    const other = named.get(name);
    if (other !== undefined) {
      const places = `${other.manifest.source} and ${subject.manifest.source}`;
      throw new UsageError(`--${option}: InstanceProfile ${name} is in ${places}; remove one of them`);
    }
    named.set(name, subject);
  }
  return named;
}

function single(side: Exclude<Side, { readonly kind: "live" }>): Source {
  if (side.kind === "policy") return side;
  const [subject, ...others] = side.subjects;
  if (subject === undefined || others.length > 0) {
    throw new UsageError(
      `a policy document cannot be compared with ${side.subjects.length} objects; name one manifest`,
    );
  }
  return { kind: "object", subject };
}

/** What was read for the sources: roles by name, managed policies by ARN. */
export interface ReadSources {
  readonly roles: ReadonlyMap<string, ObservedRole | Absent>;
  readonly managed: ManagedPolicies;
}

/** The access of both sources. A policy document has permissions or trust: of the other side, only that counts. */
export function accessOfPair(
  { from, to }: DiffPair,
  read: ReadSources,
): { readonly from: RoleAccess; readonly to: RoleAccess } {
  const documents = [from, to].flatMap((source) => (source.kind === "policy" ? [documentOf(source.manifest)] : []));
  const [before, after] = [accessOfSource(from, read), accessOfSource(to, read)];
  if (documents.length === 0) return { from: before, to: after };
  const area = documents.some(isTrustPolicy) ? trustOnly : permissionsOnly;
  return { from: area(before), to: area(after) };
}

function accessOfSource(source: Source, { roles, managed }: ReadSources): RoleAccess {
  switch (source.kind) {
    case "none":
      return NO_ROLE;
    case "live":
      return observedAccess(roles.get(source.object.spec.roleName) ?? ABSENT, managed);
    case "object":
      return manifestAccess(source.subject.object, managed);
    case "policy": {
      const policy = { name: "the policy", document: documentOf(source.manifest) };
      return { permissions: [policy], boundary: undefined, trust: policy };
    }
  }
}

/** The names of the roles to read in AWS. */
export function liveRolesOf(pairs: readonly DiffPair[]): readonly string[] {
  const sources = pairs.flatMap(({ from, to }) => [from, to]);
  return [...new Set(sources.flatMap((source) => (source.kind === "live" ? [source.object.spec.roleName] : [])))];
}

/** The ARNs of the managed policies and boundaries of both sides. */
export function managedArnsOf(pairs: readonly DiffPair[], { roles }: Pick<ReadSources, "roles">): readonly string[] {
  const arns = pairs.flatMap(({ from, to }) =>
    [from, to].flatMap((source): readonly (string | undefined)[] => {
      const role = source.kind === "live" ? (roles.get(source.object.spec.roleName) ?? ABSENT) : undefined;
      if (role?.presence === "present") return [...role.managedPolicyArns, role.permissionsBoundaryArn];
      if (source.kind !== "object") return [];
      const { managedPolicyArns, permissionsBoundaryArn } = source.subject.object.spec;
      return [...managedPolicyArns, permissionsBoundaryArn];
    }),
  );
  return [...new Set(arns.filter((arn) => arn !== undefined))].sort();
}

/** Where the statements of `to` come from; undefined for a role in AWS. */
export function originOf({ to }: DiffPair): Omit<LocatableReport, "report"> | undefined {
  if (to.kind === "policy") return { manifest: to.manifest, pathOf: documentPathOf };
  if (to.kind !== "object") return undefined;
  return { manifest: to.subject.manifest, pathOf: manifestPathOf(to.subject.object.spec) };
}

function documentOf({ value }: Manifest): JsonValue {
  return value as unknown as JsonValue;
}
