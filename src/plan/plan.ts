import { TAG_KEYS, TAG_PREFIX } from "../model/ownership.ts";
import type { Action } from "./action.ts";

/** Why nothing may be written, in words for a person. */
export interface Blocker {
  /** CamelCase, shown as the condition's reason. */
  readonly reason: string;
  /** Names the entity, says what is wrong, and what to do. */
  readonly message: string;
}

/** What a reader of the plan should know though it holds nothing up. */
export type Note = Blocker;

/**
 * All that stands between what AWS has and what an object asks for. Plain JSON and deterministic: the same inputs give the
 * same bytes.
 */
export interface Plan {
  /** The writes, in the order IAM accepts them; a prefix of them is always a safe place to stop. */
  readonly actions: readonly Action[];
  /** When there is one, none of the actions may be run. */
  readonly blockers: readonly Blocker[];
  /** Policies on the role that the spec does not name and the plan leaves alone: inline names and ARNs, sorted. */
  readonly unmanagedPolicies: readonly string[];
  /** Left out when there are none. */
  readonly notes?: readonly Note[];
}

/** The reason of the blocker of a plan whose very writes have been made too often in vain. */
export const NOT_CONVERGING = "NotConverging";

/** The reason of what is blocked because the permissions boundary of the class does not exist in IAM. */
export const PERMISSIONS_BOUNDARY_NOT_FOUND = "PermissionsBoundaryNotFound";

/** True when AWS is as asked for. */
export function isInSync(plan: Plan): boolean {
  return plan.actions.length === 0 && plan.blockers.length === 0;
}

/** True when the action makes the object's own what was there before it. */
export function isAdoption(action: Action): boolean {
  return "tags" in action && !action.kind.startsWith("Create") && action.tags[TAG_KEYS.adopted] === "true";
}

/**
 * True when all that is to be written are the controller's own tags on what nobody owned: AWS is as asked for already, and
 * only becomes somebody's.
 */
export function isAdoptionAlone({ actions, blockers }: Plan): boolean {
  const isOwnTagging = (action: Action): boolean =>
    (action.kind === "TagRole" || action.kind === "TagInstanceProfile") &&
    Object.keys(action.tags).every((key) => key.startsWith(TAG_PREFIX));
  return blockers.length === 0 && actions.some(isAdoption) && actions.every(isOwnTagging);
}
