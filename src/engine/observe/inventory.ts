import type { Tags } from "../../model/ownership.ts";

/** A role that somebody's tags are on. */
export interface TaggedRole {
  readonly roleName: string;
  readonly tags: Tags;
  /** The instance profiles that hold the role, sorted. */
  readonly instanceProfileNames: readonly string[];
}

/**
 * What there is in the account, for questions that no name can be asked of.
 *
 * Errors: a ControllerError whose disposition is decided; a list is whole or not at all.
 */
export interface IamInventory {
  /** Names of the instance profiles under a path (`/` for all), sorted. */
  instanceProfileNames(pathPrefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Every role with its tags, sorted by name: one call for some hundreds. */
  taggedRoles(signal: AbortSignal): Promise<readonly TaggedRole[]>;
}
