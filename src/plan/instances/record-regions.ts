import type { DesiredPresent } from "../../model/desired-state.ts";
import {
  FORMER_REGIONS_TAG,
  mayHaveFormerMarkers,
  REGIONS_TAG,
  recordedRegions,
  regionsText,
} from "../../model/instances/recorded-regions.ts";
import type { Absent, ObservedInstanceProfile, ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../action.ts";

/** What IAM allows on an instance profile: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_TAGS = 50;

/**
 * Adds the region of the spec to the record on the instance profile before anything is done there. A profile that this very plan creates
 * has the record from its first call on.
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
 * Takes regions off the record where nothing is left to undo. The record of an earlier version is replaced by a new one, because by
 * now all instances have new markers.
 */
export function regionsAfter(desired: DesiredPresent, { instanceProfile }: ObservedState): readonly Action[] {
  if (instanceProfile.presence === "absent") return [];
  const { tags } = instanceProfile;
  const final = regionsText(wantedBy(desired));
  const isFormer = mayHaveFormerMarkers(tags);
  const there = isFormer ? tags[REGIONS_TAG] : regionsText([...recordedRegions(tags), ...wantedBy(desired)]);
  const gone = [isFormer ? FORMER_REGIONS_TAG : "", final === "" && tags[REGIONS_TAG] !== undefined ? REGIONS_TAG : ""];
  const tagKeys = gone.filter((key) => key !== "");
  const untag = tagKeys.length === 0 ? [] : [untagging(desired, tagKeys)];
  const tag = final === "" || final === there ? [] : [tagging(desired, { [REGIONS_TAG]: final })];
  // Where all tags are in use, the former record makes room for the new one.
  return Object.keys(tags).length >= MAX_TAGS ? [...untag, ...tag] : [...tag, ...untag];
}

/** Takes regions off the record, under either of its names, where the controller has nothing associated any more. */
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
