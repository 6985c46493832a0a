import type { DesiredPresent } from "../../model/desired-state.ts";
import {
  FORMER_REGIONS_TAG,
  mayHaveFormerMarkers,
  REGIONS_TAG,
  recordedRegions,
  regionsText,
} from "../../model/instances/association-tags.ts";
import type { Absent, ObservedInstanceProfile, ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../action.ts";

/** The maximum number of tags on an instance profile: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_TAGS = 50;

/**
 * Adds the region of the spec to the record on the instance profile, before the first write in that region. A profile that this plan
 * creates has the record from its creation.
 */
export function regionsBefore(desired: DesiredPresent, { instanceProfile }: ObservedState): readonly Action[] {
  if (instanceProfile.presence === "absent") return [];
  const recorded = recordedRegions(instanceProfile.tags);
  const union = regionsText([...recorded, ...wantedBy(desired)]);
  if (union === regionsText(recorded)) return [];
  const key = mayHaveFormerMarkers(instanceProfile.tags) ? FORMER_REGIONS_TAG : REGIONS_TAG;
  return [tagging(desired, { [key]: union })];
}

/**
 * Removes regions from the record in which nothing is left to undo. It replaces the record of an earlier version with a new one, because
 * all instances have new markers at this point.
 */
export function regionsAfter(desired: DesiredPresent, { instanceProfile }: ObservedState): readonly Action[] {
  if (instanceProfile.presence === "absent") return [];
  const { tags } = instanceProfile;
  const final = regionsText(wantedBy(desired));
  const isFormer = mayHaveFormerMarkers(tags);
  const current = isFormer ? tags[REGIONS_TAG] : regionsText([...recordedRegions(tags), ...wantedBy(desired)]);
  const obsolete = [
    isFormer ? FORMER_REGIONS_TAG : "",
    final === "" && tags[REGIONS_TAG] !== undefined ? REGIONS_TAG : "",
  ];
  const tagKeys = obsolete.filter((key) => key !== "");
  const untag = tagKeys.length === 0 ? [] : [untagging(desired, tagKeys)];
  const tag = final === "" || final === current ? [] : [tagging(desired, { [REGIONS_TAG]: final })];
  // When the profile has the maximum number of tags, removing the former record makes room for the new one.
  return Object.keys(tags).length >= MAX_TAGS ? [...untag, ...tag] : [...tag, ...untag];
}

/** Removes regions from the record, under both of its names, in which the controller has nothing associated any more. */
export function regionsRemoved(
  profile: ObservedInstanceProfile | Absent,
  regions: readonly string[],
): readonly Action[] {
  if (profile.presence === "absent") return [];
  const { instanceProfileName, tags } = profile;
  return [REGIONS_TAG, FORMER_REGIONS_TAG].flatMap((key): readonly Action[] => {
    const recorded = tags[key]?.split(" ") ?? [];
    const left = recorded.filter((region) => !regions.includes(region));
    if (left.length === recorded.length) return [];
    const text = regionsText(left);
    return text === ""
      ? [{ kind: "UntagInstanceProfile", instanceProfileName, tagKeys: [key] }]
      : [{ kind: "TagInstanceProfile", instanceProfileName, tags: { [key]: text } }];
  });
}

function wantedBy({ instances }: DesiredPresent): readonly string[] {
  return instances === undefined ? [] : [instances.region];
}

function tagging({ instanceProfile: { instanceProfileName } }: DesiredPresent, tags: Record<string, string>): Action {
  return { kind: "TagInstanceProfile", instanceProfileName, tags };
}

function untagging({ instanceProfile: { instanceProfileName } }: DesiredPresent, tagKeys: readonly string[]): Action {
  return { kind: "UntagInstanceProfile", instanceProfileName, tagKeys };
}
