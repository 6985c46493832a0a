import type { ObservedManagedPolicy, ObservedState } from "../../model/observed-state.ts";
import { readPolicy, samePolicy } from "../../model/policy/policy-document.ts";
import type { CreatedEntity, CreatePolicy, PolicyAction } from "../action.ts";

/** The state after a write to a managed policy of the object: as {@link applyAction}. */
export function policiesAfter(state: ObservedState, action: PolicyAction, created?: CreatedEntity): ObservedState {
  const { managedPolicies = [], ...rest } = state;
  const others = managedPolicies.filter(({ arn }) => arn !== action.ownPolicyArn);
  const now = policyAfter(
    managedPolicies.find(({ arn }) => arn === action.ownPolicyArn),
    action,
    created,
  );
  const all = [...others, ...(now === undefined ? [] : [now])].sort((a, b) => (a.arn < b.arn ? -1 : 1));
  return all.length === 0 ? rest : { ...rest, managedPolicies: all };
}

function policyAfter(
  policy: ObservedManagedPolicy | undefined,
  action: PolicyAction,
  created?: CreatedEntity,
): ObservedManagedPolicy | undefined {
  if (action.kind === "CreatePolicy") return policy ?? newPolicy(action, created);
  if (policy === undefined || action.kind === "DeletePolicy") return undefined;
  switch (action.kind) {
    case "CreatePolicyVersion":
      return withVersion(policy, action.document, created?.id);
    case "DeletePolicyVersion":
      return { ...policy, versionIds: policy.versionIds.filter((id) => id !== action.versionId) };
    case "TagPolicy":
      return { ...policy, tags: { ...policy.tags, ...action.tags } };
    case "UntagPolicy": {
      const kept = Object.entries(policy.tags).filter(([key]) => !action.tagKeys.includes(key));
      return { ...policy, tags: Object.fromEntries(kept) };
    }
  }
}

function newPolicy(
  { ownPolicyArn, description, document, tags }: CreatePolicy,
  created?: CreatedEntity,
): ObservedManagedPolicy {
  return {
    presence: "present",
    arn: ownPolicyArn,
    policyId: created?.id ?? "",
    description,
    tags,
    document,
    defaultVersionId: "v1",
    versionIds: ["v1"],
    usedBy: [],
  };
}

function withVersion(policy: ObservedManagedPolicy, document: string, id?: string): ObservedManagedPolicy {
  const isThere =
    policy.document !== undefined &&
    samePolicy(readPolicy(policy.document, "permissions"), readPolicy(document, "permissions"));
  if (isThere) return policy;
  const defaultVersionId = id ?? nextVersionAfter(policy.versionIds);
  return { ...policy, document, defaultVersionId, versionIds: [...policy.versionIds, defaultVersionId] };
}

/** The id that the next version probably gets: IAM never gives a number twice. */
export function nextVersionAfter(versionIds: readonly string[]): string {
  return `v${Math.max(0, ...versionIds.map(versionNumber)) + 1}`;
}

/** 2 for `v2`. */
export function versionNumber(versionId: string): number {
  return Number.parseInt(versionId.slice(1), 10) || 0;
}
