import type { DesiredAbsent, DesiredPresent } from "../model/desired-state.ts";
import type { ObservedInstance } from "../model/instance.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "../model/instance-marker.ts";
import type { ObservedState } from "../model/observed-state.ts";
import { type Owner, ownershipOf } from "../model/ownership.ts";
import { REGIONS_TAG, regionsText } from "../model/recorded-regions.ts";
import type { Action } from "./action.ts";
import { type InstanceAction, type InstanceTagAction, MAX_INSTANCES_PER_TAG_CALL } from "./instance-action.ts";
import { carries, type Standing, standingOf, type Target, targetOf } from "./instance-standing.ts";

/** An instance and what is to be done about it. */
interface Case {
  readonly instance: ObservedInstance;
  readonly standing: Standing;
}

/**
 * The writes that put the profile on the instances that the object selects, and take it off those that it selects no more.
 *
 * What the controller is about to associate gets its tag first, and what it has disassociated loses it last; the profile
 * has the region in a tag of its own before the first and until after the last. So a crash anywhere leaves no association
 * whose origin is forgotten.
 */
export function diffInstances(desired: DesiredPresent, observed: ObservedState): readonly Action[] {
  const { instances } = observed;
  if (instances === undefined || instances.unreadable !== undefined) return [];
  const { instanceProfileName, path } = desired.instanceProfile;
  const target = targetOf({ instanceProfileName, path }, observed, desired.instances?.replacesOthers ?? false);
  const cases = instances.found.map((instance) => ({ instance, standing: standingOf(instance, target) }));
  const writes = [
    ...tagCalls("CreateTags", desired.owner, cases.filter(isToBeMarked)),
    ...cases.flatMap(({ instance, standing }) => associationCalls(instance, standing, target)),
    ...tagCalls(
      "DeleteTags",
      desired.owner,
      cases.filter((one) => isToBeUnmarked(one, target)),
    ),
  ];
  return [...recordRegions(desired, observed, "before"), ...writes, ...recordRegions(desired, observed, "after")];
}

/** The writes that take the profile off the instances that the controller put it on, for an object that goes. */
export function releaseInstances(desired: DesiredAbsent, observed: ObservedState): readonly InstanceAction[] {
  const { instances, instanceProfile } = observed;
  if (instances === undefined) return [];
  if (instanceProfile.presence === "present" && ownershipOf(instanceProfile.tags, desired.owner).kind !== "ours")
    return [];
  const target = targetOf(desired, observed, false);
  // Whoever goes selects nothing.
  const cases = instances.found.map(
    (instance): Case => ({ instance, standing: standingOf({ ...instance, isSelected: false }, target) }),
  );
  return [
    ...cases.flatMap(({ instance, standing }) => associationCalls(instance, standing, target)),
    ...tagCalls(
      "DeleteTags",
      desired.owner,
      cases.filter((one) => isToBeUnmarked(one, target)),
    ),
  ];
}

function isToBeMarked({ instance, standing }: Case): boolean {
  return !instance.isMarked && (standing === "associate" || standing === "replace" || standing === "reassociate");
}

/** Marked, though what it carries is not, or will not be, what the controller gave it. */
function isToBeUnmarked({ instance, standing }: Case, target: Target): boolean {
  if (!instance.isMarked) return false;
  if (standing === "leave" || standing === "unmark" || standing === "taken") return true;
  return standing === "preceded" && !carries(instance, target);
}

function associationCalls(
  { instanceId, region, association }: ObservedInstance,
  standing: Standing,
  { instanceProfileName: iamInstanceProfile }: Target,
): readonly InstanceAction[] {
  const associate: InstanceAction = { kind: "AssociateIamInstanceProfile", region, instanceId, iamInstanceProfile };
  if (standing === "associate") return [associate];
  if (association === undefined) return [];
  const { associationId, profileArn } = association;
  const place = { region, instanceId, associationId };
  const disassociate: InstanceAction = { kind: "DisassociateIamInstanceProfile", ...place, removes: profileArn };
  switch (standing) {
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

function tagCalls(kind: InstanceTagAction["kind"], owner: Owner, cases: readonly Case[]): readonly InstanceTagAction[] {
  const byRegion = Map.groupBy(cases, ({ instance }) => instance.region);
  return [...byRegion].flatMap(([region, inRegion]) => {
    const ids = inRegion.map(({ instance }) => instance.instanceId).sort();
    return chunks(ids, MAX_INSTANCES_PER_TAG_CALL).map(
      (instanceIds): InstanceTagAction => ({
        kind,
        region,
        instanceIds,
        tags: { [ASSOCIATED_BY_TAG]: markerOf(owner) },
      }),
    );
  });
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Regions join the record before anything is done there, and leave it when nothing is left to undo there. */
function recordRegions(
  { instances, instanceProfile: { instanceProfileName } }: DesiredPresent,
  { instanceProfile }: ObservedState,
  when: "before" | "after",
): readonly Action[] {
  // A profile that is made by this very plan has the region from its first call on.
  if (instanceProfile.presence === "absent") return [];
  const recorded = instanceProfile.tags[REGIONS_TAG];
  const wanted = instances === undefined ? [] : [instances.region];
  const union = regionsText([...(recorded ?? "").split(" "), ...wanted]);
  const final = regionsText(wanted);
  if (when === "before") {
    return union === (recorded ?? "")
      ? []
      : [{ kind: "TagInstanceProfile", instanceProfileName, tags: { [REGIONS_TAG]: union } }];
  }
  if (union === final) return [];
  return final === ""
    ? [{ kind: "UntagInstanceProfile", instanceProfileName, tagKeys: [REGIONS_TAG] }]
    : [{ kind: "TagInstanceProfile", instanceProfileName, tags: { [REGIONS_TAG]: final } }];
}
