import type { DesiredPresent, DesiredState } from "../../model/desired-state.ts";
import { ownershipAfterHandOver } from "../../model/hand-over.ts";
import type { ObservedRole } from "../../model/observed-state.ts";
import { isOwnPoliciesTag, ownPolicyTags, placeInRoleArn, recordedOwnPolicies } from "../../model/own-policies.ts";
import { ownershipOf, type Tags } from "../../model/ownership.ts";

/** The changes to the tags of a role that name the managed policies of its object, before and after the writes to these. */
export interface RecordChange {
  readonly before: Tags;
  readonly after: Tags;
  readonly untag: readonly string[];
}

/**
 * Names each policy before it is created, and as long as it is not known to be deleted, so that a crash leaves no policy unnamed.
 *
 * @param arns the policies that the object has after the plan
 */
export function recordOwnPolicies(desired: DesiredPresent, role: ObservedRole, arns: readonly string[]): RecordChange {
  const own: Tags = ownershipOf(role.tags, desired.owner).kind === "owned" ? role.tags : {};
  const recorded = Object.fromEntries(Object.entries(own).filter(([key]) => isOwnPoliciesTag(key)));
  const union = ownPolicyTags([...arns, ...policiesNamedBy(desired, role)]);
  const final = ownPolicyTags(arns);
  return {
    before: differing(union, recorded),
    after: differing(final, { ...recorded, ...union }),
    untag: Object.keys({ ...recorded, ...union }).filter((key) => final[key] === undefined),
  };
}

/** The managed policies that the tags of an owned role name; empty for any other role. */
export function policiesNamedBy(
  desired: DesiredState,
  { arn, tags }: Pick<ObservedRole, "arn" | "tags">,
): readonly string[] {
  const known = placeInRoleArn(arn) ?? desired.place;
  const isOwned = ownershipAfterHandOver(desired, tags).kind === "owned";
  return known === undefined || !isOwned ? [] : recordedOwnPolicies(tags, known);
}

function differing(tags: Tags, from: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key, value]) => from[key] !== value));
}
