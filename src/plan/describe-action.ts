import { nameInArn } from "../model/naming.ts";
import { TAG_PREFIX, type Tags } from "../model/ownership.ts";
import { type Action, type IamAction, type InstanceAction, isInstanceAction, type PolicyAction } from "./action.ts";

/** The effect of an action: adds, changes or removes. */
type Symbol = "+" | "~" | "-";

/** A description of an action for people. */
export interface ActionDescription {
  readonly symbol: Symbol;
  /** What the action writes, in one line, without the symbol. */
  readonly title: string;
  /** The changes in detail, one line each; may be empty. */
  readonly details: readonly string[];
}

/** Describes an action and names the entity. The compiler checks that every action has a description. */
export function describeAction(action: Action): ActionDescription {
  return isInstanceAction(action) ? describeInstanceAction(action) : describeIamAction(action);
}

function describeIamAction(action: IamAction): ActionDescription {
  switch (action.kind) {
    case "CreateRole":
      return describe("+", `role ${action.roleName}`, roleDetails(action));
    case "DeleteRole":
      return describe("-", `role ${action.roleName}`);
    case "UpdateRole":
      return describe("~", `role ${action.roleName}`, action.changes);
    case "UpdateAssumeRolePolicy":
      return describe("~", `trust policy of role ${action.roleName}`, action.changes);
    case "PutRolePermissionsBoundary":
      return describe("~", `permissions boundary of role ${action.roleName}`, [`+ ${action.permissionsBoundaryArn}`]);
    case "DeleteRolePermissionsBoundary":
      return describe("-", `permissions boundary of role ${action.roleName}`);
    case "PutRolePolicy":
      return describePut(action);
    case "DeleteRolePolicy":
      return describe("-", `inline policy ${action.policyName} of role ${action.roleName}`);
    case "AttachRolePolicy":
      return describe("+", `managed policy ${action.policyArn} on role ${action.roleName}`);
    case "DetachRolePolicy":
      return describe("-", `managed policy ${action.policyArn} on role ${action.roleName}`);
    case "TagRole":
      return describe("~", `tags of role ${action.roleName}`, tagDetails(action.tags));
    case "UntagRole":
      return describe("~", `tags of role ${action.roleName}`, untagDetails(action.tagKeys));
    default:
      return "ownPolicyArn" in action ? describePolicyAction(action) : describeProfileAction(action);
  }
}

type ProfileAction = Extract<Action, { readonly instanceProfileName: string }>;

function describeProfileAction(action: ProfileAction): ActionDescription {
  const profile = `instance profile ${action.instanceProfileName}`;
  switch (action.kind) {
    case "CreateInstanceProfile":
      return describe("+", profile, [`path: ${action.path}`, ...userTags(action.tags)]);
    case "DeleteInstanceProfile":
      return describe("-", profile);
    case "AddRoleToInstanceProfile":
      return describe("+", `${action.isExternal ? "external role" : "role"} ${action.roleName} in ${profile}`);
    case "RemoveRoleFromInstanceProfile":
      return describe("-", `role ${action.roleName} in ${profile}`);
    case "TagInstanceProfile":
      return describe("~", `tags of ${profile}`, tagDetails(action.tags));
    case "UntagInstanceProfile":
      return describe("~", `tags of ${profile}`, untagDetails(action.tagKeys));
  }
}

function describePolicyAction(action: PolicyAction): ActionDescription {
  const policy = `managed policy ${action.ownPolicyArn}`;
  switch (action.kind) {
    case "CreatePolicy": {
      const description = action.description === "" ? [] : [`description: ${JSON.stringify(action.description)}`];
      return describe("+", policy, [...description, action.document, ...userTags(action.tags)]);
    }
    case "CreatePolicyVersion":
      return describe("~", policy, action.changes);
    case "DeletePolicyVersion":
      return describe("-", `version ${action.versionId} of ${policy}, which is not the default one`);
    case "DeletePolicy":
      return describe("-", policy);
    case "TagPolicy":
      return describe("~", `tags of ${policy}`, tagDetails(action.tags));
    case "UntagPolicy":
      return describe("~", `tags of ${policy}`, untagDetails(action.tagKeys));
  }
}

/** Describes a write to EC2 and names the instance. */
function describeInstanceAction(action: InstanceAction): ActionDescription {
  const instance = `instance ${action.instanceId} (${action.region})`;
  switch (action.kind) {
    case "AssociateIamInstanceProfile":
      return describe("+", `instance profile ${action.iamInstanceProfile} on ${instance}`);
    case "ReplaceIamInstanceProfileAssociation":
      return describe("~", `instance profile of ${instance}`, replacementDetails(action));
    case "DisassociateIamInstanceProfile":
      return describe("-", `instance profile ${nameInArn(action.removes)} on ${instance}`);
    case "CreateTags":
      return describe("~", `tags of ${instance}`, tagDetails(action.tags));
    case "DeleteTags":
      return describe("~", `tags of ${instance}`, tagDetails(action.tags, "-"));
  }
}

type Replacement = Extract<InstanceAction, { readonly kind: "ReplaceIamInstanceProfileAssociation" }>;

function replacementDetails({ replaces, iamInstanceProfile }: Replacement): readonly string[] {
  if (nameInArn(replaces) === iamInstanceProfile) return ["~ it has a deleted instance profile of the same name"];
  return [`- ${replaces}`, `+ ${iamInstanceProfile}`];
}

function describe(
  symbol: ActionDescription["symbol"],
  title: string,
  details: readonly string[] = [],
): ActionDescription {
  return { symbol, title, details };
}

function roleDetails(action: Extract<Action, { readonly kind: "CreateRole" }>): readonly string[] {
  return [
    `path: ${action.path}`,
    ...(action.description === "" ? [] : [`description: ${JSON.stringify(action.description)}`]),
    `maxSessionDurationSeconds: ${action.maxSessionDurationSeconds}`,
    ...(action.permissionsBoundaryArn === undefined ? [] : [`permissionsBoundary: ${action.permissionsBoundaryArn}`]),
    `trust policy: ${action.document}`,
    ...userTags(action.tags),
  ];
}

function describePut(action: Extract<Action, { readonly kind: "PutRolePolicy" }>): ActionDescription {
  const title = `inline policy ${action.policyName} of role ${action.roleName}`;
  return action.changes.length === 0 ? describe("+", title, [action.document]) : describe("~", title, action.changes);
}

/** The tags without the controller's own, which are internal and would only clutter a plan. */
function userTags(tags: Tags): readonly string[] {
  return Object.entries(tags)
    .filter(([key]) => !key.startsWith(TAG_PREFIX))
    .map(([key, value]) => `tag ${key}=${value}`);
}

function tagDetails(tags: Tags, symbol: "+" | "-" = "+"): readonly string[] {
  return Object.entries(tags).map(([key, value]) => `${symbol} ${key}=${value}`);
}

function untagDetails(keys: readonly string[]): readonly string[] {
  return keys.map((key) => `- ${key}`);
}
