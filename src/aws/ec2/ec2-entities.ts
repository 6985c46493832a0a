import type { IamInstanceProfileAssociation, Instance } from "@aws-sdk/client-ec2";
import type { InstanceFacts, InstanceState, ObservedAssociation } from "../../model/instances/instance.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { expected, unexpectedReply } from "../errors/require-field.ts";

/** The states of an instance that is or will be there. */
export const LIVING_STATES: readonly InstanceState[] = ["pending", "running", "stopping", "stopped"];

/** Associations by the id of their instance. */
export type Associations = ReadonlyMap<string, ObservedAssociation>;

/**
 * The one association that counts of each instance: while a profile is replaced EC2 may show the old one, as it leaves,
 * beside the new one.
 */
export function associationsByInstance(
  all: readonly IamInstanceProfileAssociation[],
  subject: AwsCallSubject,
): Associations {
  const byInstance = new Map<string, ObservedAssociation>();
  for (const one of all) {
    const association = associationOf(one, subject);
    if (association === undefined) continue;
    const instanceId = expected(one.InstanceId, "InstanceId", subject);
    const other = byInstance.get(instanceId);
    if (other === undefined || other.state === "disassociating") byInstance.set(instanceId, association);
  }
  return byInstance;
}

function associationOf(
  { AssociationId, IamInstanceProfile, State }: IamInstanceProfileAssociation,
  subject: AwsCallSubject,
): ObservedAssociation | undefined {
  if (State === "disassociated") return undefined;
  if (State !== "associating" && State !== "associated" && State !== "disassociating") {
    throw unexpectedReply(`the reply has an association in state ${String(State)}`, subject);
  }
  return {
    associationId: expected(AssociationId, "AssociationId", subject),
    profileArn: expected(IamInstanceProfile?.Arn, "Arn of the instance profile", subject),
    profileId: IamInstanceProfile?.Id ?? "",
    state: State,
  };
}

/** An instance as DescribeInstances sends it, with its association. */
export function instanceFactsOf(
  instance: Instance,
  region: string,
  associations: Associations,
  subject: AwsCallSubject,
): InstanceFacts {
  const instanceId = expected(instance.InstanceId, "InstanceId", subject);
  const state = LIVING_STATES.find((living) => living === instance.State?.Name);
  const tags = (instance.Tags ?? []).map(({ Key, Value = "" }) => [expected(Key, "tag key", subject), Value] as const);
  return {
    instanceId,
    region,
    state: expected(state, "known State", subject),
    tags: Object.fromEntries(tags),
    association: associations.get(instanceId) ?? ownWord(instance),
  };
}

/** An instance may name its profile while EC2 does not list the association: on its way in or out, or not asked for. */
function ownWord({ IamInstanceProfile }: Instance): ObservedAssociation | undefined {
  if (IamInstanceProfile?.Arn === undefined) return undefined;
  return {
    associationId: "",
    profileArn: IamInstanceProfile.Arn,
    profileId: IamInstanceProfile.Id ?? "",
    state: "associating",
  };
}
