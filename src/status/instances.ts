import type { InstanceProfileStatus } from "../api/instance-profile.ts";
import type { InstancesClaim, InstancesStatus } from "../api/instances.ts";
import { messageOfError, reasonOfError } from "../errors.ts";
import type { ObservedInstance, ObservedInstances } from "../model/instances/instance.ts";
import { newClaimRecord, recordedClaim } from "../model/instances/instance-claim.ts";
import { nameInArn } from "../model/naming.ts";
import { concernsInstance, isInstanceAction } from "../plan/action.ts";
import { type AssociationState, associationStateOf, targetOf } from "../plan/instances/instance-status.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import { bounded } from "./limits.ts";
import type { ReportedObject } from "./outcome.ts";
import { observationIn, ownStateIn, type Result } from "./result.ts";

/** The type of the condition about instances, present when the spec has `instances`. `Ready` covers role and instance profile. */
export const INSTANCES_ASSOCIATED = "InstancesAssociated";

/** The maximum number of conflicts that a message names; it counts the rest. The status lists more of them. */
const MAX_NAMED = 3;

/** The instances that `spec.instances` selects, counted by their state. */
interface Tally {
  readonly matched: number;
  readonly associated: number;
  readonly pending: number;
  /** One line each. */
  readonly conflicts: readonly string[];
  /** One line for each write that AWS refused, also to instances that no longer match. */
  readonly refused: readonly string[];
}

/** The status fields about instances. Empty keeps the last status, when they were not read; undefined removes it, when the spec has none. */
export function instancesOf(
  object: ReportedObject,
  result: Result,
  nowMs: number,
): { readonly instances?: InstanceProfileStatus["instances"] } {
  if (object.metadata.deletionTimestamp !== undefined) return {};
  if (object.spec !== undefined && object.spec.instances === undefined) return { instances: undefined };
  const tally = tallyOf(object, result);
  if (tally === undefined) return {};
  const { conflicts, refused, ...counts } = tally;
  const claim = claimOf(object, result, nowMs);
  const lines = { conflicts: bounded(conflicts), refused: bounded(refused) };
  const instances: InstancesStatus = {
    ...counts,
    ...(lines.conflicts && { conflicts: lines.conflicts }),
    ...(lines.refused && { refused: lines.refused }),
    ...(claim && { claim }),
  };
  return { instances };
}

/** The record of the claim: the existing one, or a new one when the object has an instance profile and its claim may be recorded. */
function claimOf(object: ReportedObject, result: Result, nowMs: number): InstancesClaim | undefined {
  const selected = object.spec?.instances;
  if (selected === undefined) return undefined;
  const recorded = recordedClaim(object, selected);
  const observation = observationIn(result);
  if (recorded !== undefined || observation === undefined || !observation.mayWrite) return recorded;
  const { instances, instanceProfile } = observation.state;
  const latestTime = instances?.latestClaimTime;
  if (latestTime === undefined || instanceProfile.presence === "absent") return undefined;
  return newClaimRecord(object, selected, { nowMs, latestTime });
}

/** The last reported condition, for a result without a read of the instances; it keeps its generation. */
function lastOfInstances(object: ReportedObject): readonly ConditionDraft[] {
  if (object.spec !== undefined && object.spec.instances === undefined) return [];
  const last = findCondition(object.status?.conditions, INSTANCES_ASSOCIATED);
  if (last === undefined) return [];
  const { type, status, reason, message, observedGeneration } = last;
  return [{ type, status, reason, message, observedGeneration }];
}

/** Reports whether every matching instance has the instance profile. */
export function aboutInstances(object: ReportedObject, result: Result): readonly ConditionDraft[] {
  const state = ownStateIn(result);
  if (state === undefined) return lastOfInstances(object);
  if (object.spec?.instances === undefined || object.metadata.deletionTimestamp !== undefined) return [];
  const unreadable = state.instances?.unreadable;
  if (unreadable !== undefined) return [draft("Unknown", reasonOfError(unreadable), messageOfError(unreadable))];
  const tally = tallyOf(object, result);
  if (tally === undefined) return lastOfInstances(object);
  return [judgeTally(tally, failureOf(result))];
}

function judgeTally(tally: Tally, failure: unknown): ConditionDraft {
  const { matched, associated, pending, conflicts, refused } = tally;
  const count = `${associated} of ${matched} matching instances have the instance profile`;
  if (failure !== undefined) {
    const message = messageOfError(failure);
    const all = refused.length === 0 ? message : named([message, ...refused.filter((line) => line !== message)]);
    return draft("False", reasonOfError(failure), `${count}; ${all}`);
  }
  if (conflicts.length > 0) return draft("False", "InstanceConflict", `${count}; ${named(conflicts)}`);
  if (pending > 0) return draft("False", "InstancesPending", `${count}; ${pending} pending`);
  if (matched === 0) return draft("True", "NoInstancesMatch", "no instance matches");
  return draft("True", "AllAssociated", count);
}

function named(lines: readonly string[]): string {
  const rest = lines.length > MAX_NAMED ? `; and ${lines.length - MAX_NAMED} more` : "";
  return `${lines.slice(0, MAX_NAMED).join("; ")}${rest}`;
}

function tallyOf(object: ReportedObject, result: Result): Tally | undefined {
  const state = ownStateIn(result);
  const { spec } = object;
  const instances = state?.instances;
  if (state === undefined || spec?.instances === undefined) return undefined;
  if (instances === undefined || instances.unreadable !== undefined) return undefined;
  const target = targetOf(spec, state, spec.instances.onConflict === "Replace");
  const selected = instances.found
    .filter(({ isSelected }) => isSelected)
    .map((instance) => ({ instance, associationState: associationStateOf(instance, target) }));
  const conflicts = selected.flatMap(({ instance, associationState }) => conflictOf(instance, associationState));
  const associated = selected.filter(({ associationState }) => associationState === "associated").length;
  const matched = selected.length;
  const failures = observationIn(result)?.refused ?? [];
  const isRefused = ({ instanceId }: ObservedInstance): boolean =>
    failures.some(({ action }) => isInstanceAction(action) && concernsInstance(action, instanceId));
  const refused = selected.filter(
    ({ instance, associationState }) =>
      associationState !== "associated" && conflictOf(instance, associationState).length === 0 && isRefused(instance),
  ).length;
  return {
    matched,
    associated,
    pending: matched - associated - conflicts.length - refused,
    conflicts: [...conflicts, ...missing(instances, spec.instances.region)],
    refused: failures.map(({ error }) => messageOfError(error)),
  };
}

function conflictOf(
  { instanceId, association, precededBy }: ObservedInstance,
  associationState: AssociationState,
): readonly string[] {
  if (associationState === "preceded")
    return [`${instanceId} is claimed by InstanceProfile ${precededBy}, which also selects it and claimed it first`];
  if (associationState !== "taken") return [];
  return [`${instanceId} has instance profile ${nameInArn(association?.profileArn ?? "")}, and onConflict is Keep`];
}

function missing({ missingIds }: ObservedInstances, region: string): readonly string[] {
  return missingIds.map((id) => `${id} is not in ${region}`);
}

function failureOf(result: Result): unknown {
  if (result.kind !== "Retrying" && result.kind !== "Failed") return undefined;
  const action = result.observation?.failed?.action;
  return action !== undefined && isInstanceAction(action) ? result.error : undefined;
}

function draft(status: ConditionDraft["status"], reason: string, message: string): ConditionDraft {
  return { type: INSTANCES_ASSOCIATED, status, reason, message };
}
