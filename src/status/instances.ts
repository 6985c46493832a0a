import type { InstanceProfileStatus, InstancesClaim, InstancesStatus } from "../api/instance-profile.ts";
import { ControllerError } from "../errors.ts";
import { newClaimRecord, recordedClaim } from "../model/claim-record.ts";
import type { ObservedInstance, ObservedInstances } from "../model/instance.ts";
import { nameInArn } from "../model/naming.ts";
import type { ObservedState } from "../model/observed-state.ts";
import type { FailedAction } from "../plan/action.ts";
import { isAbout, isInstanceAction } from "../plan/instance-action.ts";
import { type Standing, standingOf, targetOf } from "../plan/instance-standing.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import type { ObjectSoFar, Outcome } from "./outcome.ts";
import { bounded } from "./pending.ts";
import { errorOf } from "./requeue.ts";

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
  outcome: Outcome,
  nowMs: number,
): { readonly instances?: InstanceProfileStatus["instances"] } {
  if (object.metadata.deletionTimestamp !== undefined) return {};
  if (object.spec !== undefined && object.spec.instances === undefined) return { instances: undefined };
  const tally = tallyOf(object, outcome);
  if (tally === undefined) return {};
  const { conflicts, refused, ...counts } = tally;
  const claim = claimOf(object, outcome, nowMs);
  const lines = { conflicts: bounded(conflicts), refused: bounded(refused) };
  const instances: InstancesStatus = {
    ...counts,
    ...(lines.conflicts && { conflicts: lines.conflicts }),
    ...(lines.refused && { refused: lines.refused }),
    ...(claim && { claim }),
  };
  return { instances };
}

/** The record of the claim: the one that there is, or one made now, when the object has an instance profile and has its turn. */
function claimOf(object: ObjectSoFar, outcome: Outcome, nowMs: number): InstancesClaim | undefined {
  const asked = object.spec?.instances;
  if (asked === undefined) return undefined;
  const recorded = recordedClaim(object, asked);
  if (recorded !== undefined || outcome.kind !== "converged") return recorded;
  const { instances, instanceProfile } = outcome.after;
  const latestTime = instances?.latestClaimTime;
  if (latestTime === undefined || instanceProfile.presence === "absent") return undefined;
  return newClaimRecord(object, asked, { nowMs, latestTime });
}

/** The condition as it was last known, for when nobody looked; it keeps the generation that it is about. */
export function lastOfInstances(object: ObjectSoFar): readonly ConditionDraft[] {
  if (object.spec !== undefined && object.spec.instances === undefined) return [];
  const last = findCondition(object.status?.conditions, INSTANCES_ASSOCIATED);
  if (last === undefined) return [];
  const { type, status, reason, message, observedGeneration } = last;
  return [{ type, status, reason, message, observedGeneration }];
}

/** Whether every matching instance carries the profile. */
export function aboutInstances(object: ObjectSoFar, outcome: Outcome): readonly ConditionDraft[] {
  if (object.spec?.instances === undefined || object.metadata.deletionTimestamp !== undefined) return [];
  const unreadable = stateOf(outcome)?.instances?.unreadable;
  if (unreadable !== undefined) return [draft("Unknown", reasonOf(unreadable), wordsOf(unreadable))];
  const tally = tallyOf(object, outcome);
  if (tally === undefined) return lastOfInstances(object);
  return [judgeTally(tally, failureOf(outcome))];
}

function judgeTally(tally: Tally, failure: unknown): ConditionDraft {
  const { matched, associated, pending, conflicts, refused } = tally;
  const count = `${associated} of ${matched} matching instances carry the profile`;
  if (failure !== undefined) {
    const words = wordsOf(failure);
    const all = refused.length === 0 ? words : named([words, ...refused.filter((line) => line !== words)]);
    return draft("False", reasonOf(failure), `${count}; ${all}`);
  }
  if (conflicts.length > 0) return draft("False", "InstanceConflict", `${count}; ${named(conflicts)}`);
  if (pending > 0) return draft("False", "InstancesPending", `${count}; ${pending} wait for it`);
  if (matched === 0) return draft("True", "NoInstancesMatch", "no instance matches");
  return draft("True", "AllAssociated", count);
}

function named(lines: readonly string[]): string {
  const rest = lines.length > MAX_NAMED ? `; and ${lines.length - MAX_NAMED} more` : "";
  return `${lines.slice(0, MAX_NAMED).join("; ")}${rest}`;
}

function tallyOf(object: ObjectSoFar, outcome: Outcome): Tally | undefined {
  const state = stateOf(outcome);
  const { spec } = object;
  const instances = state?.instances;
  if (state === undefined || spec?.instances === undefined) return undefined;
  if (instances === undefined || instances.unreadable !== undefined) return undefined;
  const target = targetOf(spec, state, spec.instances.onConflict === "Replace");
  const selected = instances.found
    .filter(({ isSelected }) => isSelected)
    .map((instance) => ({ instance, standing: standingOf(instance, target) }));
  const conflicts = selected.flatMap(({ instance, standing }) => conflictOf(instance, standing));
  const associated = selected.filter(({ standing }) => standing === "associated").length;
  const matched = selected.length;
  const failures = refusedOf(outcome);
  const isRefused = ({ instanceId }: ObservedInstance): boolean =>
    failures.some(({ action }) => isInstanceAction(action) && isAbout(action, instanceId));
  const refused = selected.filter(
    ({ instance, standing }) =>
      standing !== "associated" && conflictOf(instance, standing).length === 0 && isRefused(instance),
  ).length;
  return {
    matched,
    associated,
    pending: matched - associated - conflicts.length - refused,
    conflicts: [...conflicts, ...missing(instances, spec.instances.region)],
    refused: failures.map(({ error }) => wordsOf(error)),
  };
}

function refusedOf(outcome: Outcome): readonly FailedAction[] {
  return outcome.kind === "converged" ? (outcome.refused ?? []) : [];
}

function conflictOf({ instanceId, association, precededBy }: ObservedInstance, standing: Standing): readonly string[] {
  if (standing === "preceded")
    return [`${instanceId} goes to InstanceProfile ${precededBy}, which selects it too and claimed it first`];
  if (standing !== "taken") return [];
  return [`${instanceId} has instance profile ${nameInArn(association?.profileArn ?? "")}, and onConflict is Keep`];
}

function missing({ missingIds }: ObservedInstances, region: string): readonly string[] {
  return missingIds.map((id) => `${id} is not in ${region}`);
}

/** AWS as the outcome knows it; undefined when nothing was looked at, or nothing may be told of it. */
function stateOf(outcome: Outcome): ObservedState | undefined {
  if (outcome.kind === "suspended" || outcome.kind === "failed" || outcome.plan.blockers.length > 0) return undefined;
  return outcome.kind === "converged" ? outcome.after : outcome.observed;
}

function failureOf(outcome: Outcome): unknown {
  if (outcome.kind !== "converged" || outcome.failed === undefined || !isInstanceAction(outcome.failed.action))
    return undefined;
  return errorOf(outcome);
}

function draft(status: ConditionDraft["status"], reason: string, message: string): ConditionDraft {
  return { type: INSTANCES_ASSOCIATED, status, reason, message };
}

function reasonOf(error: unknown): string {
  return error instanceof ControllerError ? error.reason : "UnexpectedError";
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
