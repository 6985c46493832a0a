import { TAG_KEYS, TAG_PREFIX } from "../model/ownership.ts";
import type { Action } from "./action.ts";

/** A reason why nothing must be written until something else changes. */
export interface Blocker {
  /** The reason of the condition, in CamelCase. */
  readonly reason: string;
  /** The entity, what is wrong, and what to do. */
  readonly message: string;
  /** For a manifest: the file, line and column of the cause, as in `app.yaml:12:7`. */
  readonly place?: string;
}

/** A blocker that a field of the spec causes, and the path of the field. */
export interface FieldBlocker extends Blocker {
  readonly path: string;
}

/** Information for the reader of a plan that blocks nothing. */
export type Note = Blocker;

/** The difference between the observed and the desired state. Plain JSON and deterministic: the same inputs give the same bytes. */
export interface Plan {
  /** The writes, in an order that IAM accepts and in which it is safe to stop after any of them. */
  readonly actions: readonly Action[];
  /** When there is one, none of the actions must be run; then there are none, but for those that are made before IAM refuses a policy. */
  readonly blockers: readonly Blocker[];
  /** Policies on the role that the spec does not name and the plan does not change: inline names and ARNs, sorted. */
  readonly unmanagedPolicies: readonly string[];
  /** Unset when there are none. */
  readonly notes?: readonly Note[];
  /** The id of the cluster that has adopted what the object had; unset: none. */
  readonly handedOverTo?: string;
}

/** The reason of the blocker of a plan whose writes have been repeated too often without effect. */
export const NOT_CONVERGING = "NotConverging";

/** The reason of the blocker of a policy that IAM rejects in every account. */
export const INVALID_POLICY = "InvalidPolicy";

/** The reason of an object whose role another cluster has adopted. */
export const HANDED_OVER = "HandedOver";

/** The reason when the permissions boundary of the class does not exist in IAM. */
export const PERMISSIONS_BOUNDARY_NOT_FOUND = "PermissionsBoundaryNotFound";

/** The reason when a managed policy or a permissions boundary of the spec does not exist in IAM. */
export const POLICY_NOT_FOUND = "PolicyNotFound";

/** The reason of the note that EC2 cannot assume the role. */
export const ROLE_NOT_ASSUMABLE = "RoleNotAssumableByEC2";

/** The reason of the note that a managed policy has another description than the spec, which IAM cannot change. */
export const DESCRIPTION_UNCHANGED = "DescriptionUnchanged";

/** True for a note that holds as long as AWS stays as it is, whatever the plan writes. */
export function isLasting({ reason }: Note): boolean {
  return reason === ROLE_NOT_ASSUMABLE || reason === DESCRIPTION_UNCHANGED;
}

/** True when the observed state equals the desired state. */
export function isInSync(plan: Plan): boolean {
  return plan.actions.length === 0 && plan.blockers.length === 0;
}

/** True when the action adopts an existing entity. */
export function isAdoption(action: Action): boolean {
  return "tags" in action && !action.kind.startsWith("Create") && action.tags[TAG_KEYS.adopted] === "true";
}

/** True when the action adopts from another cluster. No other write to an existing entity sets the cluster id alone. */
export function isHandOver(action: Action): boolean {
  return isOwnTagging(action) && "tags" in action && TAG_KEYS.clusterId in action.tags && !isAdoption(action);
}

/** True when the plan adopts and writes only the controller's own tags, because AWS matches the spec already. */
export function isAdoptionOnly({ actions, blockers }: Plan): boolean {
  const isAdopting = actions.some((action) => isAdoption(action) || isHandOver(action));
  return blockers.length === 0 && isAdopting && actions.every(isOwnTagging);
}

/** True for a write or a removal of the controller's own tags alone. */
export function isOwnTagging(action: Action): boolean {
  const isOwn = (key: string): boolean => key.startsWith(TAG_PREFIX);
  switch (action.kind) {
    case "TagRole":
    case "TagInstanceProfile":
    case "TagPolicy":
      return Object.keys(action.tags).every(isOwn);
    case "UntagRole":
    case "UntagInstanceProfile":
    case "UntagPolicy":
      return action.tagKeys.every(isOwn);
    default:
      return false;
  }
}

/** What AWS shows of the state before recent writes, while the controller takes this for propagation delay. */
export interface Lag {
  /** The writes that AWS does not show. Empty when the difference is not one of writes. */
  readonly unseen: readonly Action[];
  /** Monotonic ms; from then on the reads count. */
  readonly untilMs: number;
}

/**
 * The difference that a lag makes to a plan.
 *
 * @param plan the plan from the observed state with the recent writes laid over it
 * @param asRead the plan from the observed state as it was read
 * @returns undefined when the two plans are the same
 */
export function unseenBetween(plan: Plan, asRead: Plan): readonly Action[] | undefined {
  if (JSON.stringify(plan) === JSON.stringify(asRead)) return undefined;
  const planned = new Set(plan.actions.map((action) => JSON.stringify(action)));
  return asRead.actions.filter((action) => !planned.has(JSON.stringify(action)));
}
