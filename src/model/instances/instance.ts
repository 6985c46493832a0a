import { nameKey } from "../naming.ts";
import type { Tags } from "../ownership.ts";

/** The state of an EC2 instance. An instance that is shutting down or terminated is not read. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped";

/** The association of an instance with an instance profile. An instance has at most one. */
export interface ObservedAssociation {
  /**
   * `iip-assoc-…`. A replaced profile has another id, so a write with this id fails after a concurrent change. Empty while EC2 does not
   * list it.
   */
  readonly associationId: string;
  readonly profileArn: string;
  /** `AIPA…`. If it differs from the id of the profile, it is that of a deleted profile with the same name. */
  readonly profileId: string;
  readonly state: "associating" | "associated" | "disassociating";
}

/** An EC2 instance as its region returns it. */
export interface InstanceFacts {
  readonly instanceId: string;
  readonly region: string;
  readonly state: InstanceState;
  readonly tags: Tags;
  readonly association: ObservedAssociation | undefined;
}

/** An instance with its relation to one object. */
export interface ObservedInstance extends Omit<InstanceFacts, "tags"> {
  /** True when the selector or the ids of the object select it. */
  readonly isSelected: boolean;
  /** True when its marker says that the controller associated it for this object. */
  readonly isMarked: boolean;
  /**
   * Its marker, when that is of an earlier version, which named no instance, or of the cluster that the role was adopted from, and counts: the
   * spec selects the instance, and it has the profile. The controller writes a new marker.
   */
  readonly formerMarker?: string;
  /** `namespace/name` of the object that selects it too and has it, or claimed it before this one. */
  readonly precededBy: string | undefined;
  /**
   * True when it has the marker of this object and the profile of another object that claims it. Both were associated at the same time, and
   * the marker decides, because there is only one.
   */
  readonly isYielded: boolean;
}

/** The observed instances that concern one object. Plain JSON. */
export interface ObservedInstances {
  /** Instances that the object selects, that have its marker, and, if it is in deletion, that use its profile. By region, then id. */
  readonly found: readonly ObservedInstance[];
  /** Ids that the spec names and the region does not have, sorted. */
  readonly missingIds: readonly string[];
  /**
   * RFC 3339: the time of the latest recorded claim in the region; empty when there is none. Unset while the claim of the object must not be
   * recorded, because a claim that wins over it is not recorded yet.
   */
  readonly latestClaimTime?: string;
  /** The launch templates that name the profile; only for an object in deletion. */
  readonly launchTemplates?: readonly LaunchTemplateUser[];
  /** What could not be searched for users of the profile; only for an object in deletion. */
  readonly unsearched: readonly Unsearched[];
  /** The error that prevented the read of the spec's region. When it is set, the other fields have no meaning. */
  readonly unreadable?: unknown;
}

/** A launch template that names an instance profile in its latest or default version. */
export interface LaunchTemplateUser {
  readonly launchTemplateId: string;
  readonly launchTemplateName: string;
  readonly region: string;
}

/** A search for the users of an instance profile that was not made. */
export interface Unsearched {
  /** Undefined when it is not known which regions the account has enabled. */
  readonly region: string | undefined;
  /** Set when the launch templates were not searched, otherwise the instances. */
  readonly isOfTemplates?: true;
  readonly why: string;
}

/** Said of a search that has no region to start in. */
export const NO_REGION: Unsearched = {
  region: undefined,
  why: "no AWS region is configured: set AWS_REGION, or name the regions with --region",
};

/** What uses an instance profile, in the regions that could be searched. */
export interface ProfileUsers {
  /** By region, then id. */
  readonly users: readonly Pick<InstanceFacts, "instanceId" | "region">[];
  /** By region. */
  readonly launchTemplates: readonly LaunchTemplateUser[];
  readonly unsearched: readonly Unsearched[];
}

/** Name and path of an instance profile, which the ARN in an association contains. */
export interface ProfileName {
  readonly instanceProfileName: string;
  readonly path: string;
}

/** True when the ARN is that of the profile with this name and path, in any account and partition. */
export function isProfileArn(arn: string, { instanceProfileName, path }: ProfileName): boolean {
  return nameKey(arn).endsWith(nameKey(`:instance-profile${path}${instanceProfileName}`));
}
