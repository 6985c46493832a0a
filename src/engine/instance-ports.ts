import type { InstanceFacts } from "../model/instances/instance.ts";

/**
 * Reads of EC2.
 *
 * Guarantees: instances that shut down or have ended never appear. What is read is whole: every page, or an error.
 * Errors: a ControllerError whose disposition is decided; a missing permission is `blocked`.
 */
export interface InstanceReader {
  /** All instances of the region with their associations, by id: one call of each kind per 1,000 of them. */
  readRegion(region: string, signal: AbortSignal): Promise<readonly InstanceFacts[]>;
  /** The instances of the region that carry this profile, by id, asked of EC2 now; their association ids are empty. */
  findUsers(profileArn: string, region: string, signal: AbortSignal): Promise<readonly InstanceFacts[]>;
}
