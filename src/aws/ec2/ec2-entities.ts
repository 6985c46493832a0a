import type { IamInstanceProfileAssociation, Instance, LaunchTemplateVersion } from "@aws-sdk/client-ec2";
import type { ListedLaunchTemplate } from "../../engine/instance-ports.ts";
import type { InstanceFacts, InstanceState, ObservedAssociation } from "../../model/instances/instance.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField, unexpectedReply } from "../errors/require-field.ts";

/** Instance states except shutting-down and terminated. */
export const LIVING_STATES: readonly InstanceState[] = ["pending", "running", "stopping", "stopped"];

/** Associations by the id of their instance. */
export type Associations = ReadonlyMap<string, ObservedAssociation>;

/**
 * Selects one association per instance: while a profile is replaced, EC2 can list the old one as disassociating next to the
 * new one.
 */
export function associationsByInstance(
  all: readonly IamInstanceProfileAssociation[],
  subject: AwsCallSubject,
): Associations {
  const byInstance = new Map<string, ObservedAssociation>();
  for (const one of all) {
    const association = associationOf(one, subject);
    if (association === undefined) continue;
    const instanceId = requireField(one.InstanceId, "InstanceId", subject);
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
    throw unexpectedReply(`the reply contains an association in unknown state ${String(State)}`, subject);
  }
  return {
    associationId: requireField(AssociationId, "AssociationId", subject),
    profileArn: requireField(IamInstanceProfile?.Arn, "Arn of the instance profile", subject),
    profileId: IamInstanceProfile?.Id ?? "",
    state: State,
  };
}

/** Converts an instance of DescribeInstances, with its association. */
export function instanceFactsOf(
  instance: Instance,
  region: string,
  associations: Associations,
  subject: AwsCallSubject,
): InstanceFacts {
  const instanceId = requireField(instance.InstanceId, "InstanceId", subject);
  const state = LIVING_STATES.find((living) => living === instance.State?.Name);
  const tags = (instance.Tags ?? []).map(
    ({ Key, Value = "" }) => [requireField(Key, "tag key", subject), Value] as const,
  );
  return {
    instanceId,
    region,
    state: requireField(state, "known State", subject),
    tags: Object.fromEntries(tags),
    association: associations.get(instanceId) ?? associationFromInstance(instance),
  };
}

/** Derives the association from the instance, which names its profile before EC2 lists the association, and after. */
function associationFromInstance({ IamInstanceProfile }: Instance): ObservedAssociation | undefined {
  if (IamInstanceProfile?.Arn === undefined) return undefined;
  return {
    associationId: "",
    profileArn: IamInstanceProfile.Arn,
    profileId: IamInstanceProfile.Id ?? "",
    state: "associating",
  };
}

/** The launch templates of these versions, once for each profile that they name. */
export function launchTemplatesOf(
  versions: readonly LaunchTemplateVersion[],
  region: string,
  subject: AwsCallSubject,
): readonly ListedLaunchTemplate[] {
  const templates = new Map<string, ListedLaunchTemplate>();
  for (const { LaunchTemplateId, LaunchTemplateName = "", LaunchTemplateData } of versions) {
    const { Arn, Name } = LaunchTemplateData?.IamInstanceProfile ?? {};
    const profile = Arn ?? Name;
    if (profile === undefined) continue;
    const launchTemplateId = requireField(LaunchTemplateId, "LaunchTemplateId", subject);
    const template = { launchTemplateId, launchTemplateName: LaunchTemplateName, region, profile };
    templates.set(`${launchTemplateId} ${profile}`, template);
  }
  return [...templates.values()];
}
