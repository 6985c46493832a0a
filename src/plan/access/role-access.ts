import type { InstanceProfile } from "../../api/instance-profile.ts";
import { type DesiredManagedPolicy, desiredState } from "../../model/desired-state.ts";
import { nameInArn } from "../../model/naming.ts";
import type { Absent, ObservedRole } from "../../model/observed-state.ts";
import { policyJson, readPolicy } from "../../model/policy/policy-document.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";

/** A policy of a role, as messages name it: `inline policy app`. */
export interface RolePolicy {
  readonly name: string;
  /** Undefined when it was not read, or is not a document that can be relied on. */
  readonly document: JsonValue | undefined;
}

/** The policies that decide what a role may do and who may assume it. */
export interface RoleAccess {
  /** Inline policies, then managed policies. */
  readonly permissions: readonly RolePolicy[];
  readonly boundary: RolePolicy | undefined;
  readonly trust: RolePolicy;
}

/** The documents of managed policies that were read, by ARN. */
export type ManagedPolicies = ReadonlyMap<string, JsonValue>;

/** The name of the trust policy in messages. */
export const TRUST_POLICY = "trust policy";

/** The access to and of a role that does not exist. */
export const NO_ROLE: RoleAccess = {
  permissions: [],
  boundary: undefined,
  trust: { name: TRUST_POLICY, document: { Statement: [] } },
};

/** The access without the trust, which is then the same on both sides of a comparison. */
export function permissionsOnly(access: RoleAccess): RoleAccess {
  return { ...access, trust: NO_ROLE.trust };
}

/** The access without the permissions. */
export function trustOnly({ trust }: RoleAccess): RoleAccess {
  return { ...NO_ROLE, trust };
}

/** The access of a role in AWS. */
export function observedAccess(role: ObservedRole | Absent, managed: ManagedPolicies): RoleAccess {
  if (role.presence === "absent") return NO_ROLE;
  const inline = role.inlinePolicyNames.map((name): RolePolicy => {
    const text = role.inlinePolicyDocuments[name];
    const document = text === undefined ? undefined : policyJson(readPolicy(text, "permissions"));
    return { name: inlinePolicy(name), document };
  });
  return {
    permissions: [...inline, ...role.managedPolicyArns.map((arn) => managedPolicy(arn, managed))],
    boundary: boundaryOf(role.permissionsBoundaryArn, managed),
    trust: { name: TRUST_POLICY, document: policyJson(readPolicy(role.trustPolicy, "trust")) },
  };
}

/** The access of the role that a manifest describes, whatever else a role of that name has in AWS. */
export function manifestAccess(object: InstanceProfile, managed: ManagedPolicies): RoleAccess {
  // A manifest copied from a cluster can have the time of a deletion.
  const { deletionTimestamp: _, ...metadata } = object.metadata;
  const desired = desiredState({ ...object, metadata }, "");
  if (desired.presence === "absent") return NO_ROLE;
  const { inlinePolicies, managedPolicyArns, permissionsBoundaryArn, trustPolicy } = desired.role;
  const own = inlinePolicies.map(({ policyName, document }): RolePolicy => {
    return { name: inlinePolicy(policyName), document: policyJson(document) };
  });
  const ownArns = new Set(desired.managedPolicies.map(({ arn }) => arn));
  const attached = managedPolicyArns.filter((arn) => !ownArns.has(arn));
  return {
    permissions: [
      ...own,
      ...desired.managedPolicies.map(ownPolicy),
      ...attached.map((arn) => managedPolicy(arn, managed)),
    ],
    boundary: boundaryOf(permissionsBoundaryArn, managed),
    trust: { name: TRUST_POLICY, document: policyJson(trustPolicy) },
  };
}

/** A manifest does not say in which account its managed policies will be. */
function ownPolicy({ arn, document }: DesiredManagedPolicy): RolePolicy {
  return { name: `managed policy ${nameInArn(arn)}`, document: policyJson(document) };
}

/** An inline policy in messages. */
export function inlinePolicy(policyName: string): string {
  return `inline policy ${policyName}`;
}

function managedPolicy(arn: string, managed: ManagedPolicies): RolePolicy {
  return { name: `managed policy ${arn}`, document: managed.get(arn) };
}

function boundaryOf(arn: string | undefined, managed: ManagedPolicies): RolePolicy | undefined {
  return arn === undefined ? undefined : { name: `permissions boundary ${arn}`, document: managed.get(arn) };
}
