import { isProfileArn, type ObservedInstance, type ProfileName } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";

/** What an instance is to a profile, and so what is to be done about it. */
export type AssociationState =
  /** It carries the profile as it should. */
  | "associated"
  /** It has no profile: ours goes there. */
  | "associate"
  /** Ours takes the place of what it has: in one call while it runs, in two while it is stopped. */
  | "replace"
  | "reassociate"
  /** EC2 takes no writes in its present state; it is looked at again. */
  | "wait"
  /** It has another profile, and that is to be left alone. */
  | "taken"
  /** Another object selects it too, and has it or claimed it before. */
  | "preceded"
  /** The object does not mean it (any more); it carries the profile because the controller put it there. */
  | "leave"
  /** As `leave`, but the profile is off already: only the tag is left. */
  | "unmark"
  /** Nothing of the object's concern. */
  | "none";

/** The profile that an object keeps on its instances. */
export interface Target extends ProfileName {
  /** The profile's unique id; empty while there is no such profile, undefined while it is not known. */
  readonly profileId: string | undefined;
  /** Another profile on a selected instance makes way. */
  readonly replacesOthers: boolean;
}

/** The target of an object with this spec, as IAM has it now. */
export function targetOf(
  profile: ProfileName,
  { instanceProfile }: Pick<ObservedState, "instanceProfile">,
  replacesOthers: boolean,
): Target {
  const { instanceProfileName, path } = profile;
  const known = instanceProfile.presence === "absent" ? "" : instanceProfile.id || undefined;
  return { instanceProfileName, path, profileId: known, replacesOthers };
}

/** What is to be done about one instance. */
export function associationStateOf(instance: ObservedInstance, target: Target): AssociationState {
  if (!instance.isSelected) return standingOfUnselected(instance, target);
  if (instance.precededBy !== undefined) return "preceded";
  const { association } = instance;
  if (association === undefined) return whenSettled(instance, "associate", "associate");
  if (association.state === "disassociating" || association.associationId === "") return "wait";
  if (isProfileArn(association.profileArn, target)) {
    if (isStale(association.profileId, target)) return whenSettled(instance, "replace", "reassociate");
    return association.state === "associated" ? "associated" : "wait";
  }
  if (!target.replacesOthers && !instance.isYielded) return "taken";
  return whenSettled(instance, "replace", "reassociate");
}

/** True when the instance has the object's own profile, whoever gave it. */
export function carries({ association }: ObservedInstance, target: ProfileName): boolean {
  return (
    association !== undefined && association.state !== "disassociating" && isProfileArn(association.profileArn, target)
  );
}

function standingOfUnselected(instance: ObservedInstance, target: Target): AssociationState {
  if (!instance.isMarked) return "none";
  if (!carries(instance, target)) return "unmark";
  return instance.association?.associationId === "" ? "wait" : "leave";
}

/** EC2 associates running and stopped instances; between the two it refuses. */
function whenSettled(
  { state }: ObservedInstance,
  running: AssociationState,
  stopped: AssociationState,
): AssociationState {
  if (state === "running") return running;
  return state === "stopped" ? stopped : "wait";
}

/**
 * A profile that was deleted and made again has the same ARN and another id. An instance that still has the old one gets no
 * credentials from the new one: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
 */
function isStale(profileId: string, target: Target): boolean {
  return target.profileId !== undefined && profileId !== "" && profileId !== target.profileId;
}
