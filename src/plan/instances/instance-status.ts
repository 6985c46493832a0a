import { isProfileArn, type ObservedInstance, type ProfileName } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";

/** The state of an instance with respect to an instance profile, from which its writes follow. */
export type AssociationState =
  /** It is associated with the profile, as desired. */
  | "associated"
  /** It has no profile and gets this one. */
  | "associate"
  /** This profile replaces another one: in one call while the instance runs, in two calls while it is stopped. */
  | "replace"
  | "reassociate"
  /** EC2 accepts no association writes in its present state. */
  | "wait"
  /** It has another profile, which the object must not replace. */
  | "taken"
  /** Another object selects it too, and has it or claimed it first. */
  | "preceded"
  /** The object does not select it (any more), and the controller associated the profile with it. */
  | "leave"
  /** As `leave`, but it is disassociated already: only the tag is left. */
  | "unmark"
  /** The object neither selects it nor associated it. */
  | "none";

/** The instance profile that an object associates with its instances. */
export interface Target extends ProfileName {
  /** The profile's unique id; empty while there is no such profile, undefined while it is not known. */
  readonly profileId: string | undefined;
  /** True when it replaces another profile on a selected instance. */
  readonly replacesOthers: boolean;
}

/** The target of an object, with the profile's id as observed. */
export function targetOf(
  profile: ProfileName,
  { instanceProfile }: Pick<ObservedState, "instanceProfile">,
  replacesOthers: boolean,
): Target {
  const { instanceProfileName, path } = profile;
  const known = instanceProfile.presence === "absent" ? "" : instanceProfile.id || undefined;
  return { instanceProfileName, path, profileId: known, replacesOthers };
}

/** The state of one instance. */
export function associationStateOf(instance: ObservedInstance, target: Target): AssociationState {
  if (!instance.isSelected) return stateOfUnselected(instance, target);
  if (instance.precededBy !== undefined) return "preceded";
  const { association } = instance;
  if (association === undefined) return byInstanceState(instance, "associate", "associate");
  if (association.state === "disassociating" || association.associationId === "") return "wait";
  if (isProfileArn(association.profileArn, target)) {
    if (isStale(association.profileId, target)) return byInstanceState(instance, "replace", "reassociate");
    return association.state === "associated" ? "associated" : "wait";
  }
  if (!target.replacesOthers && !instance.isYielded) return "taken";
  return byInstanceState(instance, "replace", "reassociate");
}

/** True when the instance has the object's instance profile, whichever client associated it. */
export function hasProfile({ association }: ObservedInstance, target: ProfileName): boolean {
  return (
    association !== undefined && association.state !== "disassociating" && isProfileArn(association.profileArn, target)
  );
}

function stateOfUnselected(instance: ObservedInstance, target: Target): AssociationState {
  if (!instance.isMarked) return "none";
  if (!hasProfile(instance, target)) return "unmark";
  return instance.association?.associationId === "" ? "wait" : "leave";
}

/** EC2 associates running and stopped instances, and refuses while an instance changes between the two. */
function byInstanceState(
  { state }: ObservedInstance,
  running: AssociationState,
  stopped: AssociationState,
): AssociationState {
  if (state === "running") return running;
  return state === "stopped" ? stopped : "wait";
}

/**
 * A profile that was deleted and created again has the same ARN and another id. An instance that still has the deleted one gets no
 * credentials: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
 */
function isStale(profileId: string, target: Target): boolean {
  return target.profileId !== undefined && profileId !== "" && profileId !== target.profileId;
}
