import type { Tags } from "../../model/ownership.ts";

/** A role with its tags. */
export interface TaggedRole {
  readonly roleName: string;
  readonly tags: Tags;
  /** The instance profiles that hold the role, sorted. */
  readonly instanceProfileNames: readonly string[];
}

/**
 * Lists the roles and instance profiles of the account, for commands that do not know their names.
 *
 * Errors: a ControllerError whose disposition is decided. A list is complete or an error.
 */
export interface IamInventory {
  /** Names of the instance profiles under a path (`/` for all), sorted. */
  instanceProfileNames(pathPrefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Every role with its tags, sorted by name: one request for some hundreds. */
  taggedRoles(signal: AbortSignal): Promise<readonly TaggedRole[]>;
}
