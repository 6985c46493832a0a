import type { InstanceFacts, LaunchTemplateUser } from "../model/instances/instance.ts";

/** An instance with the profile that it is, or is to be, associated with. */
export interface AssociatedInstance {
  readonly instanceId: string;
  readonly profileArn: string;
}

/** A launch template with the profile that its latest or default version names, by ARN or by name. */
export interface ListedLaunchTemplate extends LaunchTemplateUser {
  readonly profile: string;
}

/**
 * Reads of EC2.
 *
 * Guarantees: instances that are shutting down or terminated never appear. A result is complete: every page, or an
 * error.
 * Errors: a ControllerError whose disposition is decided; a missing permission is `blocked`.
 */
export interface InstanceReader {
  /** All instances of the region with their associations, by id: one call of each kind per 1,000 of them. */
  readRegion(region: string, signal: AbortSignal): Promise<readonly InstanceFacts[]>;
  /**
   * The instances of the region that use this profile, by id, read from EC2 without a cache; their association ids are
   * empty.
   */
  findUsers(profileArn: string, region: string, signal: AbortSignal): Promise<readonly InstanceFacts[]>;
  /** The regions that the account has enabled, sorted, by a request to one of them. */
  listRegions(home: string, signal: AbortSignal): Promise<readonly string[]>;
  /** All associations of the region that are there or on their way: one call per 1,000 of them. */
  listAssociations(region: string, signal: AbortSignal): Promise<readonly AssociatedInstance[]>;
  /** The launch templates of the region that name an instance profile: one call per 200 versions. */
  listLaunchTemplates(region: string, signal: AbortSignal): Promise<readonly ListedLaunchTemplate[]>;
}
