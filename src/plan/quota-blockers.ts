import type { AccountQuotas, Usage } from "../model/account-quotas.ts";
import type { DesiredPresent } from "../model/desired-state.ts";
import type { ObservedManagedPolicy, ObservedState } from "../model/observed-state.ts";
import { belongsToAws } from "../model/ownership.ts";
import type { OversizePolicy } from "../model/policy/policy-size.ts";
import { type Action, type IamActionKind, isInstanceAction } from "./action.ts";
import type { Blocker, Plan } from "./plan.ts";
import { applyAction } from "./simulate.ts";

/**
 * Blocks a plan that would exceed a known quota of IAM. Nothing of such a plan is written, so that no role is left without the policy that
 * exceeds the quota.
 */
export function quotaBlockers(
  desired: DesiredPresent,
  plan: Plan,
  quotas: AccountQuotas | undefined,
): readonly Blocker[] {
  if (quotas === undefined) return [];
  const { role } = desired;
  const does = (...kinds: readonly IamActionKind[]): boolean =>
    plan.actions.some((action) => !isInstanceAction(action) && kinds.includes(action.kind));
  const attached = role.managedPolicyArns.length + plan.unmanagedPolicies.filter((it) => it.startsWith("arn:")).length;
  return [
    ...countBlockers(plan, quotas),
    ...(does("CreateRole", "UpdateAssumeRolePolicy")
      ? tooLarge("trust policy", "spec.trust", role.trustPolicy.sizeChars, quotas.trustPolicyChars)
      : []),
    ...(does("PutRolePolicy")
      ? tooLarge(
          "inline policy",
          "spec.statements",
          sumOf(role.inlinePolicies.map(({ document }) => document.sizeChars)),
          quotas.inlinePoliciesChars,
        )
      : []),
    ...(does("CreatePolicy", "CreatePolicyVersion")
      ? desired.managedPolicies.flatMap(({ arn, document: { sizeChars } }) =>
          tooLarge(`managed policy ${arn}`, "spec.managedPolicies", sizeChars, quotas.managedPolicyChars),
        )
      : []),
    ...(does("AttachRolePolicy") ? tooManyAttached(role.roleName, attached, quotas.managedPoliciesPerRole) : []),
  ];
}

/** Blocks creations that would exceed the quota of roles, instance profiles or managed policies. */
export function countBlockers(
  { actions }: Plan,
  { roles, instanceProfiles, policies }: AccountQuotas,
): readonly Blocker[] {
  return actions.flatMap((action) => {
    if (action.kind === "CreatePolicy")
      return tooMany(`managed policy ${action.ownPolicyArn}`, "customer managed policies", policies);
    if (action.kind === "CreateRole") return tooMany(`role ${action.roleName}`, "roles", roles);
    if (action.kind !== "CreateInstanceProfile") return [];
    return tooMany(`instance profile ${action.instanceProfileName}`, "instance profiles", instanceProfiles);
  });
}

/** IAM's limit for the tags of a role or an instance profile, which is the same in every account. */
const MAX_TAGS = 50;

/** Blocks writes after which an entity would have more tags than IAM allows, those of other clients included. */
export function tagBlockers({ actions }: Plan, observed: ObservedState): readonly Blocker[] {
  let state = observed;
  for (const action of actions) {
    state = applyAction(state, action);
    const tagged = taggedBy(action, state);
    if (tagged !== undefined && tagged.tags > MAX_TAGS) return tooManyTags(tagged.what, tagged.fields, tagged.tags);
  }
  return [];
}

interface TaggedEntity {
  readonly what: string;
  /** The fields of the spec that it has tags from. */
  readonly fields: string;
  readonly tags: number;
}

function taggedBy(action: Action, state: ObservedState): TaggedEntity | undefined {
  switch (action.kind) {
    case "TagRole":
      return { what: "role", fields: "spec.tags or spec.roleTags", tags: tagCount(state.role) };
    case "TagInstanceProfile": {
      const fields = "spec.tags or spec.instanceProfileTags";
      return { what: "instance profile", fields, tags: tagCount(state.instanceProfile) };
    }
    case "TagPolicy": {
      const policy = state.managedPolicies?.find(({ arn }) => arn === action.ownPolicyArn);
      return { what: "managed policy", fields: "spec.tags", tags: policy === undefined ? 0 : tagCount(policy) };
    }
    default:
      return undefined;
  }
}

/** Tags that AWS itself sets, as CloudFormation does, do not count (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html). */
function tagCount(entity: ObservedState["role"] | ObservedState["instanceProfile"] | ObservedManagedPolicy): number {
  return entity.presence === "absent" ? 0 : Object.keys(entity.tags).filter((key) => !belongsToAws(key)).length;
}

function tooManyTags(what: string, fields: string, tags: number): readonly Blocker[] {
  const message =
    `spec.tags: the ${what} would have ${tags} tags, those of other clients included, and IAM allows ${MAX_TAGS}. Remove some from ` +
    `${fields}, or in IAM.`;
  return [{ reason: "QuotaExceeded", message }];
}

/** The usage of the quotas after the creations of the plan, for the plans that follow it. */
export function withCreations(quotas: AccountQuotas, { actions, blockers }: Plan): AccountQuotas {
  const creates = (kind: IamActionKind): number =>
    blockers.length > 0 ? 0 : actions.filter((action) => action.kind === kind).length;
  return {
    ...quotas,
    roles: raised(quotas.roles, creates("CreateRole")),
    instanceProfiles: raised(quotas.instanceProfiles, creates("CreateInstanceProfile")),
    policies: raised(quotas.policies, creates("CreatePolicy")),
  };
}

function raised(usage: Usage | undefined, by: number): Usage | undefined {
  return usage === undefined ? undefined : { ...usage, used: usage.used + by };
}

function tooMany(what: string, plural: string, usage: Usage | undefined): readonly Blocker[] {
  if (usage === undefined || usage.used < usage.quota) return [];
  const message =
    `${what} cannot be created: the AWS account has as many ${plural} as its IAM quota allows (${usage.quota}). Ask AWS for a higher ` +
    `quota, or delete unused ${plural}; the controller then retries.`;
  return [{ reason: "QuotaExceeded", message }];
}

function tooLarge(what: string, field: string, chars: number, quota: number | undefined): readonly Blocker[] {
  if (quota === undefined || chars <= quota) return [];
  const message =
    `the ${what} has ${chars} characters without white space, and IAM allows ${quota} in this account. Shorten ${field}, or ` +
    "move a part of it to managed policies.";
  return [{ reason: "QuotaExceeded", message }];
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function tooManyAttached(roleName: string, attached: number, quota: number | undefined): readonly Blocker[] {
  if (quota === undefined || attached <= quota) return [];
  const message =
    `role ${roleName} would have ${attached} managed policies, and IAM allows ${quota} in this account. Name fewer in ` +
    "spec.managedPolicyArns and spec.managedPolicies, detach unmanaged policies, or ask AWS for a higher quota.";
  return [{ reason: "QuotaExceeded", message }];
}

/** The blockers of an object whose policies are too large for IAM; empty if there are none. */
export function oversizeBlockers(oversize: readonly OversizePolicy[]): readonly Blocker[] {
  return oversize.map(({ message }) => ({ reason: "PolicyTooLarge", message }));
}
