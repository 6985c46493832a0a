import { nameKey } from "../naming.ts";
import type { Tags } from "../ownership.ts";

/** Where an EC2 instance is in its life. One that shuts down or has ended is no instance any more. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped";

/** The tie between an instance and a profile; an instance has one at most. */
export interface ObservedAssociation {
  /**
   * `iip-assoc-…`; a replaced profile has another one, so a write by this id misses what has changed meanwhile. Empty while
   * EC2 does not list it.
   */
  readonly associationId: string;
  readonly profileArn: string;
  /** `AIPA…`: another one than the profile's means a profile of the same name that is gone. */
  readonly profileId: string;
  readonly state: "associating" | "associated" | "disassociating";
}

/** An EC2 instance as one region shows it. */
export interface InstanceFacts {
  readonly instanceId: string;
  readonly region: string;
  readonly state: InstanceState;
  readonly tags: Tags;
  readonly association: ObservedAssociation | undefined;
}

/** An instance as one object sees it. */
export interface ObservedInstance extends Omit<InstanceFacts, "tags"> {
  /** The object's selector or ids mean it. */
  readonly isSelected: boolean;
  /** The tag on it says that the controller associated this very instance for this object. */
  readonly isMarked: boolean;
  /**
   * The tag on it is of an earlier version, which named no instance, and counts: the spec selects the instance, it has the profile, and
   * the profile has not been through the change of markers. The controller writes a new tag.
   */
  readonly hasFormerMarker?: true;
  /** `namespace/name` of the object that selects it too and has it, or claimed it before this one. */
  readonly precededBy: string | undefined;
  /**
   * It has the marker of this object and the profile of another one that claims it: both were associated at once, and the marker, of
   * which there is one, decides.
   */
  readonly isYielded: boolean;
}

/** All of EC2 that one object may have to do with. Plain JSON: a test can write it down. */
export interface ObservedInstances {
  /** What the object selects, what is marked as its, and, when it goes, what uses its profile. By region, then id. */
  readonly found: readonly ObservedInstance[];
  /** Ids that the spec names and the region does not have, sorted. */
  readonly missingIds: readonly string[];
  /**
   * RFC 3339, the record of the latest claim in the region; empty when there is none. Unset where the claim of the object cannot be
   * recorded: a claim that wins over it is not recorded itself yet.
   */
  readonly latestClaimTime?: string;
  /** Regions that could not be searched for instances that use the profile, and why; only of an object that goes. */
  readonly unsearched: readonly { readonly region: string; readonly why: string }[];
  /** Why the regions of the spec could not be read; then the rest says nothing. */
  readonly unreadable?: unknown;
}

/** The instances that use an instance profile, as far as they could be searched for. */
export interface ProfileUsers {
  /** By region, then id. */
  readonly users: readonly Pick<InstanceFacts, "instanceId" | "region">[];
  /** Regions that could not be searched, and why. */
  readonly unsearched: ObservedInstances["unsearched"];
}

/** An instance profile as an association names it. */
export interface ProfileName {
  readonly instanceProfileName: string;
  readonly path: string;
}

/** True when the ARN is that of the profile of this name, whatever account and partition. */
export function isProfileArn(arn: string, { instanceProfileName, path }: ProfileName): boolean {
  return nameKey(arn).endsWith(nameKey(`:instance-profile${path}${instanceProfileName}`));
}
