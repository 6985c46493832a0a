import { sameName } from "../model/naming.ts";
import {
  ABSENT,
  type ObservedInstanceProfile,
  type ObservedRole,
  type ObservedState,
} from "../model/observed-state.ts";
import type { Tags } from "../model/ownership.ts";
import { type Action, type CreatedEntity, type IamAction, isInstanceAction, type PolicyAction } from "./action.ts";
import { instancesAfter } from "./instances/simulate-instances.ts";
import { policiesAfter } from "./role/simulate-policies.ts";

/**
 * The state after an action succeeded, as AWS returns it once the write has propagated. Total and idempotent: an action applied to a
 * state that already has its effect changes nothing.
 *
 * It gives the status right after a write, corrects reads that lag behind recent writes, and states the laws of the planner.
 *
 * @param created what the create call returned; without it the ids stay empty
 */
export function applyAction(state: ObservedState, action: Action, created?: CreatedEntity): ObservedState {
  if (isInstanceAction(action)) return instancesAfter(state, action, created);
  switch (action.kind) {
    case "CreateRole":
    case "DeleteRole":
      return { ...state, role: roleAfter(state, action, created) };
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      return {
        ...state,
        role: withMembership(state.role, action),
        instanceProfile: profileAfter(state.instanceProfile, action, created),
      };
    case "CreateInstanceProfile":
    case "DeleteInstanceProfile":
    case "TagInstanceProfile":
    case "UntagInstanceProfile":
      return { ...state, instanceProfile: profileAfter(state.instanceProfile, action, created) };
    case "CreatePolicy":
    case "CreatePolicyVersion":
    case "DeletePolicyVersion":
    case "DeletePolicy":
    case "TagPolicy":
    case "UntagPolicy":
      return policiesAfter(state, action, created);
    default:
      return state.role.presence === "absent"
        ? state
        : { ...state, role: { ...state.role, ...changed(state.role, action) } };
  }
}

type ProfileAction = Extract<Action, { readonly instanceProfileName: string }>;
type RoleLifecycleAction = Extract<Action, { readonly kind: "CreateRole" | "DeleteRole" }>;
type RoleUpdate = Exclude<IamAction, ProfileAction | RoleLifecycleAction | PolicyAction>;
type Membership = Extract<Action, { readonly kind: "AddRoleToInstanceProfile" | "RemoveRoleFromInstanceProfile" }>;

/** The role with its list of instance profiles updated, if the list was read. */
function withMembership(role: ObservedState["role"], action: Membership): ObservedState["role"] {
  if (role.presence === "absent" || role.instanceProfileNames === undefined) return role;
  if (!sameName(role.roleName, action.roleName)) return role;
  const others = otherNames(role.instanceProfileNames, action.instanceProfileName);
  const isIn = action.kind === "AddRoleToInstanceProfile";
  return { ...role, instanceProfileNames: isIn ? withItem(others, action.instanceProfileName) : others };
}

function roleAfter(
  { role }: ObservedState,
  action: RoleLifecycleAction,
  created?: CreatedEntity,
): ObservedState["role"] {
  if (action.kind === "DeleteRole") return ABSENT;
  if (role.presence === "present") return role;
  return {
    presence: "present",
    roleName: action.roleName,
    arn: created?.arn ?? "",
    roleId: created?.id ?? "",
    path: action.path,
    description: action.description,
    maxSessionDurationSeconds: action.maxSessionDurationSeconds,
    permissionsBoundaryArn: action.permissionsBoundaryArn,
    tags: action.tags,
    trustPolicy: action.document,
    inlinePolicyNames: [],
    inlinePolicyDocuments: {},
    managedPolicyArns: [],
  };
}

function changed(role: ObservedRole, action: RoleUpdate): Partial<ObservedRole> {
  switch (action.kind) {
    case "UpdateRole":
      return { description: action.description, maxSessionDurationSeconds: action.maxSessionDurationSeconds };
    case "UpdateAssumeRolePolicy":
      return { trustPolicy: action.document };
    case "PutRolePermissionsBoundary":
      return { permissionsBoundaryArn: action.permissionsBoundaryArn };
    case "DeleteRolePermissionsBoundary":
      return { permissionsBoundaryArn: undefined };
    case "PutRolePolicy":
      return {
        inlinePolicyNames: withItem(otherNames(role.inlinePolicyNames, action.policyName), action.policyName),
        inlinePolicyDocuments: withDocument(role, action.policyName, action.document),
      };
    case "DeleteRolePolicy":
      return {
        inlinePolicyNames: otherNames(role.inlinePolicyNames, action.policyName),
        inlinePolicyDocuments: otherDocuments(role, action.policyName),
      };
    case "AttachRolePolicy":
      return { managedPolicyArns: withItem(role.managedPolicyArns, action.policyArn) };
    case "DetachRolePolicy":
      return { managedPolicyArns: role.managedPolicyArns.filter((arn) => arn !== action.policyArn) };
    case "TagRole":
      return { tags: { ...role.tags, ...action.tags } };
    case "UntagRole":
      return { tags: without(role.tags, action.tagKeys) };
  }
}

function profileAfter(
  profile: ObservedState["instanceProfile"],
  action: ProfileAction,
  created?: CreatedEntity,
): ObservedState["instanceProfile"] {
  // The role can be removed from an instance profile that is not owned.
  if (profile.presence === "present" && !sameName(profile.instanceProfileName, action.instanceProfileName))
    return profile;
  if (action.kind === "DeleteInstanceProfile") return ABSENT;
  if (profile.presence === "absent") {
    return action.kind === "CreateInstanceProfile" ? emptyProfile(action, created) : profile;
  }
  return { ...profile, ...changedProfile(profile, action) };
}

function changedProfile(
  profile: ObservedInstanceProfile,
  action: Exclude<ProfileAction, { readonly kind: "DeleteInstanceProfile" }>,
): Partial<ObservedInstanceProfile> {
  switch (action.kind) {
    case "CreateInstanceProfile":
      return {};
    case "AddRoleToInstanceProfile":
      return { roleName: action.roleName };
    case "RemoveRoleFromInstanceProfile":
      return sameName(profile.roleName, action.roleName) ? { roleName: undefined } : {};
    case "TagInstanceProfile":
      return { tags: { ...profile.tags, ...action.tags } };
    case "UntagInstanceProfile":
      return { tags: without(profile.tags, action.tagKeys) };
  }
}

function emptyProfile(
  action: Extract<Action, { readonly kind: "CreateInstanceProfile" }>,
  created?: CreatedEntity,
): ObservedInstanceProfile {
  return {
    presence: "present",
    instanceProfileName: action.instanceProfileName,
    arn: created?.arn ?? "",
    id: created?.id ?? "",
    path: action.path,
    tags: action.tags,
    roleName: undefined,
  };
}

function withItem(list: readonly string[], item: string): readonly string[] {
  return list.includes(item) ? list : [...list, item].sort();
}

/** The names that IAM treats as different from this one. */
function otherNames(names: readonly string[], name: string): readonly string[] {
  return names.filter((other) => !sameName(other, name));
}

/** The documents with this one under its own name and under every name that it was read by. */
function withDocument(role: ObservedRole, name: string, document: string): Readonly<Record<string, string>> {
  const readAs = Object.keys(role.inlinePolicyDocuments).filter((other) => sameName(other, name));
  return { ...role.inlinePolicyDocuments, ...Object.fromEntries([...readAs, name].map((key) => [key, document])) };
}

function otherDocuments({ inlinePolicyDocuments }: ObservedRole, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inlinePolicyDocuments).filter(([other]) => !sameName(other, name)));
}

function without(record: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}
