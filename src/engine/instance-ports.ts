import type { InstanceFacts } from "../model/instances/instance.ts";

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
}
