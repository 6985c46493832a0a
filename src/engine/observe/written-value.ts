import { type DesiredState, ownPolicyArnsOf, profileNameOf, roleNameOf } from "../../model/desired-state.ts";
import { nameKey, sameName } from "../../model/naming.ts";
import type {
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  ObservedState,
} from "../../model/observed-state.ts";
import { readPolicy } from "../../model/policy/policy-document.ts";
import type { CreatedEntity, IamAction, PolicyAction } from "../../plan/action.ts";
import { ofPolicy } from "../../plan/proof.ts";

/** The value that one write replaces, such as one tag or one inline policy of a role. */
export interface WrittenValue {
  /** Unique within the role or the instance profile. */
  readonly name: string;
  /** Equal texts for equal values; undefined when the value was not read. */
  readonly in: (state: ObservedState) => string | undefined;
}

/** A write of the controller that replaced one value. */
export interface SingleWrite {
  readonly action: IamAction;
  readonly created: CreatedEntity | undefined;
  readonly value: WrittenValue;
  /** The value before and after the write, as far as it was known. */
  readonly values: readonly (string | undefined)[];
}

const ABSENT_VALUE = "absent";

/** The writes that replace one value each and together have the effect of the action. */
export function singleWrites(action: IamAction): readonly IamAction[] {
  switch (action.kind) {
    case "TagRole":
    case "TagInstanceProfile":
    case "TagPolicy":
      return Object.entries(action.tags).map(([key, value]) => ({ ...action, tags: { [key]: value } }));
    case "UntagRole":
    case "UntagInstanceProfile":
    case "UntagPolicy":
      return action.tagKeys.map((key) => ({ ...action, tagKeys: [key] }));
    default:
      return [action];
  }
}

/** The value that a {@link singleWrites single write} replaces. */
export function writtenValue(action: IamAction): WrittenValue {
  switch (action.kind) {
    case "CreateRole":
    case "DeleteRole":
      return { name: "role", in: ({ role }) => role.presence };
    case "CreateInstanceProfile":
    case "DeleteInstanceProfile":
      return { name: "instance profile", in: ({ instanceProfile }) => instanceProfile.presence };
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      return profileValue("membership", ({ roleName }) =>
        roleName === undefined ? ABSENT_VALUE : `=${nameKey(roleName)}`,
      );
    case "TagInstanceProfile":
    case "UntagInstanceProfile":
      return profileValue(`tag ${tagKeyOf(action)}`, ({ tags }) => shown(tags[tagKeyOf(action)]));
    default:
      return "ownPolicyArn" in action ? valueOfPolicy(action) : valueOfRole(action);
  }
}

type RoleUpdate = Exclude<
  IamAction,
  { readonly instanceProfileName: string } | { readonly kind: "CreateRole" | "DeleteRole" } | PolicyAction
>;

function valueOfRole(action: RoleUpdate): WrittenValue {
  switch (action.kind) {
    case "UpdateRole":
      return roleValue("settings", (role) => JSON.stringify([role.description, role.maxSessionDurationSeconds]));
    case "UpdateAssumeRolePolicy":
      return roleValue("trust policy", ({ trustPolicy }) => readPolicy(trustPolicy, "trust").canonical);
    case "PutRolePermissionsBoundary":
    case "DeleteRolePermissionsBoundary":
      return roleValue("boundary", ({ permissionsBoundaryArn }) => shown(permissionsBoundaryArn));
    case "PutRolePolicy":
    case "DeleteRolePolicy":
      return roleValue(`inline policy ${nameKey(action.policyName)}`, (role) => inlinePolicy(role, action.policyName));
    case "AttachRolePolicy":
    case "DetachRolePolicy":
      return roleValue(`managed policy ${action.policyArn}`, ({ managedPolicyArns }) =>
        String(managedPolicyArns.includes(action.policyArn)),
      );
    case "TagRole":
    case "UntagRole":
      return roleValue(`tag ${tagKeyOf(action)}`, ({ tags }) => shown(tags[tagKeyOf(action)]));
  }
}

/** Undefined for a policy whose document does not affect the plan and was therefore not read. */
function inlinePolicy({ inlinePolicyNames, inlinePolicyDocuments }: ObservedRole, name: string): string | undefined {
  if (!inlinePolicyNames.some((other) => sameName(other, name))) return ABSENT_VALUE;
  const [, document] = Object.entries(inlinePolicyDocuments).find(([other]) => sameName(other, name)) ?? [];
  return document === undefined ? undefined : readPolicy(document, "permissions").canonical;
}

function valueOfPolicy(action: PolicyAction): WrittenValue {
  const policy = ofPolicy(action.ownPolicyArn);
  const of = (name: string, valueIn: (found: ObservedManagedPolicy) => string | undefined): WrittenValue => ({
    name: `${policy}: ${name}`,
    in: ({ managedPolicies = [] }) => {
      const found = managedPolicies.find(({ arn }) => arn === action.ownPolicyArn);
      return found === undefined ? ABSENT_VALUE : valueIn(found);
    },
  });
  switch (action.kind) {
    case "CreatePolicy":
    case "DeletePolicy":
      return of("presence", ({ presence }) => presence);
    case "CreatePolicyVersion":
      return of("document", ({ document }) =>
        document === undefined ? undefined : readPolicy(document, "permissions").canonical,
      );
    case "DeletePolicyVersion":
      return of(`version ${action.versionId}`, ({ versionIds }) => String(versionIds.includes(action.versionId)));
    case "TagPolicy":
    case "UntagPolicy":
      return of(`tag ${tagKeyOf(action)}`, ({ tags }) => shown(tags[tagKeyOf(action)]));
  }
}

function tagKeyOf(
  action: { readonly tags: Readonly<Record<string, string>> } | { readonly tagKeys: readonly string[] },
) {
  return ("tags" in action ? Object.keys(action.tags) : action.tagKeys)[0] ?? "";
}

function shown(value: string | undefined): string {
  return value === undefined ? ABSENT_VALUE : `=${value}`;
}

/** The name of a value of the role. */
export function ofRole(name: string): string {
  return `role: ${name}`;
}

/** The name of a value of the instance profile. */
export function ofProfile(name: string): string {
  return `instance profile: ${name}`;
}

function roleValue(name: string, valueIn: (role: ObservedRole) => string | undefined): WrittenValue {
  return { name: ofRole(name), in: ({ role }) => (role.presence === "absent" ? ABSENT_VALUE : valueIn(role)) };
}

function profileValue(name: string, valueIn: (profile: ObservedInstanceProfile) => string): WrittenValue {
  return {
    name: ofProfile(name),
    in: ({ instanceProfile: profile }) => (profile.presence === "absent" ? ABSENT_VALUE : valueIn(profile)),
  };
}

/** True when the read shows the same value as the state with the recent writes laid over it. */
export function isSeen({ value }: SingleWrite, observed: ObservedState, overlaid: ObservedState): boolean {
  const [read, expected] = [value.in(observed), value.in(overlaid)];
  return read === undefined || expected === undefined || read === expected;
}

/** True when the action deletes the whole role, instance profile or managed policy. */
export function deletesEntity({ kind }: IamAction): boolean {
  return kind === "DeleteRole" || kind === "DeleteInstanceProfile" || kind === "DeletePolicy";
}

/** The unique id of the entity that the action writes; empty when it does not exist. */
export function idOf(action: IamAction, { role, instanceProfile, managedPolicies = [] }: ObservedState): string {
  if ("ownPolicyArn" in action) return managedPolicies.find(({ arn }) => arn === action.ownPolicyArn)?.policyId ?? "";
  if ("instanceProfileName" in action) return instanceProfile.presence === "absent" ? "" : instanceProfile.id;
  return role.presence === "absent" ? "" : role.roleId;
}

/** True when the ids may be of the same entity: an empty id is unknown. */
export function isSameId(one: string, other: string): boolean {
  return one === "" || other === "" || one === other;
}

/** The entity that the action writes: see {@link roleKey}, {@link profileKey} and {@link ofPolicy}. */
export function keyOf(action: IamAction): string {
  if ("ownPolicyArn" in action) return ofPolicy(action.ownPolicyArn);
  return "instanceProfileName" in action ? profileKey(action.instanceProfileName) : roleKey(action.roleName);
}

/** The entities of the object. */
export function keysOf(desired: DesiredState, observed: ObservedState): readonly string[] {
  const observedArns = (observed.managedPolicies ?? []).map(({ arn }) => arn);
  const policies = [...new Set([...ownPolicyArnsOf(desired), ...observedArns])].map(ofPolicy);
  return [roleKey(roleNameOf(desired)), profileKey(profileNameOf(desired)), ...policies];
}

/** A role, whatever the case of its name. */
export function roleKey(name: string): string {
  return `role ${nameKey(name)}`;
}

/** An instance profile, whatever the case of its name. */
export function profileKey(name: string): string {
  return `instance profile ${nameKey(name)}`;
}
