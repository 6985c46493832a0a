import type { DesiredPresent } from "../../model/desired-state.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "../../model/instances/association-tags.ts";
import type { ObservedInstance, ProfileName } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { type Owner, ownershipOf } from "../../model/ownership.ts";
import type { Action, InstanceAction, InstanceTagAction } from "../action.ts";
import { type AssociationState, associationStateOf, hasProfile, type Target, targetOf } from "./instance-status.ts";
import { regionsAfter, regionsBefore } from "./record-regions.ts";

/** An instance and its state with respect to the instance profile. */
interface Case {
  readonly instance: ObservedInstance;
  readonly associationState: AssociationState;
}

/**
 * The writes that associate the instance profile with the instances that the object selects, and disassociate it from those that it no
 * longer selects.
 *
 * An instance gets the controller's tag before it is associated and loses it after it is disassociated. The region is in a tag of the
 * instance profile before the first write and until after the last. So after a crash at any point, the origin of every association is
 * known.
 */
export function diffInstances(desired: DesiredPresent, observed: ObservedState): readonly Action[] {
  const { instances } = observed;
  if (instances === undefined || instances.unreadable !== undefined) return [];
  const { instanceProfileName, path } = desired.instanceProfile;
  const target = targetOf({ instanceProfileName, path }, observed, desired.instances?.replacesOthers ?? false);
  const cases = instances.found.map((instance) => ({
    instance,
    associationState: associationStateOf(instance, target),
  }));
  const writes = cases.flatMap((one) => [
    ...(isToBeMarked(one) ? [tagCall("CreateTags", desired.owner, one.instance)] : []),
    ...associationCalls(one.instance, one.associationState, target),
    ...(isToBeUnmarked(one, target) ? [tagCall("DeleteTags", desired.owner, one.instance)] : []),
  ]);
  return [...regionsBefore(desired, observed), ...writes, ...regionsAfter(desired, observed)];
}

/** The writes that disassociate the profile from all instances that the controller associated it with. */
export function releaseInstances(
  { owner, ...profile }: ProfileName & { readonly owner: Owner },
  observed: ObservedState,
): readonly InstanceAction[] {
  const { instances, instanceProfile } = observed;
  if (instances === undefined) return [];
  if (instanceProfile.presence === "present" && ownershipOf(instanceProfile.tags, owner).kind !== "owned") return [];
  const target = targetOf(profile, observed, false);
  const cases = instances.found.map(
    (instance): Case => ({
      instance,
      associationState: associationStateOf({ ...instance, isSelected: false }, target),
    }),
  );
  return cases.flatMap((one) => [
    ...associationCalls(one.instance, one.associationState, target),
    ...(isToBeUnmarked(one, target) ? [tagCall("DeleteTags", owner, one.instance)] : []),
  ]);
}

function isToBeMarked({ instance, associationState }: Case): boolean {
  if (instance.formerMarker !== undefined) return true;
  return (
    !instance.isMarked &&
    (associationState === "associate" || associationState === "replace" || associationState === "reassociate")
  );
}

/** True for a marked instance whose profile is not, or will not be, one that the controller associated. */
function isToBeUnmarked({ instance, associationState }: Case, target: Target): boolean {
  if (!instance.isMarked) return false;
  if (associationState === "leave" || associationState === "unmark" || associationState === "taken") return true;
  return associationState === "preceded" && !hasProfile(instance, target);
}

function associationCalls(
  { instanceId, region, association }: ObservedInstance,
  associationState: AssociationState,
  { instanceProfileName: iamInstanceProfile }: Target,
): readonly InstanceAction[] {
  const associate: InstanceAction = { kind: "AssociateIamInstanceProfile", region, instanceId, iamInstanceProfile };
  if (associationState === "associate") return [associate];
  if (association === undefined) return [];
  const { associationId, profileArn } = association;
  const place = { region, instanceId, associationId };
  const disassociate: InstanceAction = { kind: "DisassociateIamInstanceProfile", ...place, removes: profileArn };
  switch (associationState) {
    case "replace":
      return [{ kind: "ReplaceIamInstanceProfileAssociation", ...place, iamInstanceProfile, replaces: profileArn }];
    case "reassociate":
      return [disassociate, associate];
    case "leave":
      return [disassociate];
    default:
      return [];
  }
}

function tagCall(
  kind: InstanceTagAction["kind"],
  owner: Owner,
  { region, instanceId, formerMarker }: ObservedInstance,
): InstanceTagAction {
  const current = markerOf(owner, instanceId);
  // EC2 deletes the tag only if it has this value.
  const marker = kind === "DeleteTags" ? (formerMarker ?? current) : current;
  return { kind, region, instanceId, tags: { [ASSOCIATED_BY_TAG]: marker } };
}
