import type { ObservedAssociation, ObservedInstance } from "../../model/instances/instance.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import { type AssociationAction, type CreatedEntity, type InstanceAction, isTagAction } from "../action.ts";

/** The state after a write to EC2 succeeded. Instances that are not in the state are not added. */
export function instancesAfter(state: ObservedState, action: InstanceAction, created?: CreatedEntity): ObservedState {
  const { instances } = state;
  if (instances === undefined) return state;
  const isTarget = ({ region, instanceId }: ObservedInstance): boolean =>
    region === action.region && instanceId === action.instanceId;
  const after = (instance: ObservedInstance): ObservedInstance =>
    isTagAction(action)
      ? marked(instance, action.kind === "CreateTags")
      : { ...instance, ...associationAfter(instance, action, profileOf(state, action), created) };
  return {
    ...state,
    instances: { ...instances, found: instances.found.map((one) => (isTarget(one) ? after(one) : one)) },
  };
}

function marked({ formerMarker: _, ...instance }: ObservedInstance, isMarked: boolean): ObservedInstance {
  return { ...instance, isMarked };
}

/** ARN and id of the profile that an instance gets. */
interface NewProfile {
  readonly arn: string;
  readonly id: string;
}

/** The association after a write that succeeded. */
export function associationAfter(
  { association }: Pick<ObservedInstance, "association">,
  action: AssociationAction,
  profile: NewProfile,
  created?: CreatedEntity,
): { readonly association: ObservedAssociation | undefined } {
  if (action.kind === "DisassociateIamInstanceProfile") {
    return { association: association?.associationId === action.associationId ? undefined : association };
  }
  if (action.kind === "AssociateIamInstanceProfile" && association !== undefined) return { association };
  return {
    association: {
      associationId: created?.id ?? "",
      profileArn: created?.arn ?? profile.arn,
      profileId: profile.id,
      state: "associated",
    },
  };
}

function profileOf({ instanceProfile }: ObservedState, action: AssociationAction): NewProfile {
  if (instanceProfile.presence === "present") return { arn: instanceProfile.arn, id: instanceProfile.id };
  const name = "iamInstanceProfile" in action ? action.iamInstanceProfile : "";
  return { arn: `:instance-profile/${name}`, id: "" };
}
