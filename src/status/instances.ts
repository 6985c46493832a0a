import type { InstanceProfileStatus, InstancesClaim, InstancesStatus } from "../api/instance-profile.ts";
import { newClaimRecord, recordedClaim } from "../model/instances/claim-record.ts";
import type { ObservedInstance, ObservedInstances } from "../model/instances/instance.ts";
import { nameInArn } from "../model/naming.ts";
import { isAbout, isInstanceAction } from "../plan/instances/instance-action.ts";
import { type AssociationState, associationStateOf, targetOf } from "../plan/instances/instance-status.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import type { ObjectSoFar } from "./outcome.ts";
import { messageOfError, observationIn, ownStateIn, type Result, reasonOfError } from "./result.ts";
import { bounded } from "./truncate.ts";

/** The condition about instances; there when the spec asks for any. It says nothing of role and profile, which `Ready` does. */
export const INSTANCES_ASSOCIATED = "InstancesAssociated";

/** A message names so many conflicts and counts the rest; the status lists more of them. */
const MAX_NAMED = 3;

/** What `spec.instances` came to. */
interface Tally {
  readonly matched: number;
  readonly associated: number;
  readonly pending: number;
  /** One line each. */
  readonly conflicts: readonly string[];
  /** One line each: of instances that AWS has refused, also of those that do not match any more. */
  readonly refused: readonly string[];
}

/** The status fields about instances: as they are, as they last were when nobody looked, or none when none are asked for. */
export function instancesOf(
  object: ObjectSoFar,
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

/** The record of the claim: the one that there is, or a new one, when the object has an instance profile and has its turn. */
function claimOf(object: ObjectSoFar, result: Result, nowMs: number): InstancesClaim | undefined {
  const asked = object.spec?.instances;
  if (asked === undefined) return undefined;
  const recorded = recordedClaim(object, asked);
  const observation = observationIn(result);
  if (recorded !== undefined || observation === undefined || !observation.mayWrite) return recorded;
  const { instances, instanceProfile } = observation.state;
  const latestTime = instances?.latestClaimTime;
  if (latestTime === undefined || instanceProfile.presence === "absent") return undefined;
  return newClaimRecord(object, asked, { nowMs, latestTime });
}

/** The condition as it was last known, for when nobody looked; it keeps the generation that it is about. */
function lastOfInstances(object: ObjectSoFar): readonly ConditionDraft[] {
  if (object.spec !== undefined && object.spec.instances === undefined) return [];
  const last = findCondition(object.status?.conditions, INSTANCES_ASSOCIATED);
  if (last === undefined) return [];
  const { type, status, reason, message, observedGeneration } = last;
  return [{ type, status, reason, message, observedGeneration }];
}

/** Whether every matching instance carries the profile. */
export function aboutInstances(object: ObjectSoFar, result: Result): readonly ConditionDraft[] {
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
    const words = messageOfError(failure);
    const all = refused.length === 0 ? words : named([words, ...refused.filter((line) => line !== words)]);
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

function tallyOf(object: ObjectSoFar, result: Result): Tally | undefined {
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
    failures.some(({ action }) => isInstanceAction(action) && isAbout(action, instanceId));
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
