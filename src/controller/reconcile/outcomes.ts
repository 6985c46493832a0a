import {
  hasExternalRole,
  type InstanceProfile,
  type InstanceProfileStatus,
  type ObjectMeta,
  RECONCILE_AT_ANNOTATION,
} from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { Convergence } from "../../engine/reconcile/converge.ts";
import { ControllerError, TerminalError } from "../../errors.ts";
import { adoptsFromOther } from "../../model/hand-over.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import { hasEntities } from "../../model/ownership.ts";
import { handedOverBlocker } from "../../plan/hand-over-blockers.ts";
import { isInSync, type Plan } from "../../plan/plan.ts";
import type { Run } from "../../runtime/queue/workers.ts";
import type { Outcome, ReportedObject } from "../../status/outcome.ts";
import { FINALIZER } from "../finalizer.ts";
import type { Urgency } from "../urgency.ts";

/** The logger and the urgency of one reconcile. */
export interface RunFacts extends Pick<Run, "logger"> {
  readonly urgency: Urgency;
}

/**
 * Wraps an error of the API server in a step that calls AWS: it says nothing about AWS, so it is not reported in the
 * status.
 */
export class Postponed extends Error {
  constructor(cause: unknown) {
    super("postponed", { cause });
  }
}

/** Runs a step and converts its errors into an outcome; raises the cause of a {@link Postponed}. */
export async function attempt<T extends Outcome | undefined>(
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T | Extract<Outcome, { readonly kind: "failed" }>> {
  try {
    return await step();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Postponed) throw error.cause;
    if (!(error instanceof ControllerError)) throw error;
    return { kind: "failed", error };
  }
}

/**
 * The outcome that status and Events are computed from.
 *
 * @param about see the outcome `converged`
 */
export function asOutcome(
  convergence: Convergence,
  { repairedChanges = [], isPartial = false }: { repairedChanges?: readonly string[]; isPartial?: boolean } = {},
): Outcome {
  const { plan, report, before, after, visibleInMs, lag, isAnnouncement } = convergence;
  if (isAnnouncement) return { kind: "announced", plan, observed: after, visibleInMs };
  const applied = report.applied.map(({ action }) => action);
  const { failed, refused } = report;
  return {
    kind: "converged",
    plan,
    applied,
    failed,
    ...(before && { before }),
    after,
    visibleInMs,
    lag,
    ...(refused.length > 0 && { refused }),
    ...(repairedChanges.length > 0 && { repairedChanges }),
    ...(isPartial && { isPartial: true as const }),
  };
}

/** An object whose spec is not parsed. */
export function asReceived(raw: KubeObject): ReportedObject {
  return { metadata: raw["metadata"] as ObjectMeta, status: raw["status"] as InstanceProfileStatus };
}

/** The identity of an attempt: it changes with the spec and with the value of `reconcile-at`. */
export function attemptOf({ metadata: { uid, generation, annotations } }: InstanceProfile): string {
  return JSON.stringify([uid, generation, annotations?.[RECONCILE_AT_ANNOTATION]]);
}

/**
 * True for an object in deletion that retains what it has in AWS. Releasing it tags the role as retained, so under a controller with
 * `--dry-run` it waits.
 */
export function isReleasedAtOnce(object: InstanceProfile): boolean {
  return object.spec.deletionPolicy === "Retain" && !isKeptByDryRun(object);
}

function isKeptByDryRun(object: InstanceProfile): boolean {
  return object.isDryRun === true && object.spec.deletionPolicy === "Retain" && hasEntities(object);
}

/**
 * The outcome of an object whose role another cluster has adopted, as its status says: it has nothing in AWS, and nothing is read. Undefined
 * for any other object, and for one that adopts itself.
 */
export function handedOver({ object }: { readonly object: InstanceProfile }, clusterId: string): Outcome | undefined {
  const { metadata, spec, status } = object;
  if (status?.handedOverTo === undefined || adoptsFromOther(spec, clusterId) !== undefined) return undefined;
  if (metadata.deletionTimestamp !== undefined) {
    return { kind: "converged", plan: NO_PLAN, applied: [], failed: undefined, after: NOTHING, visibleInMs: 0 };
  }
  const title = hasExternalRole(spec) ? `instance profile ${spec.instanceProfileName}` : `role ${spec.roleName}`;
  return { kind: "refused", blockers: [handedOverBlocker(metadata, title, status.handedOverTo)] };
}

const NO_PLAN: Plan = { actions: [], blockers: [], unmanagedPolicies: [] };
const NOTHING: ObservedState = { role: ABSENT, instanceProfile: ABSENT };

/** True when nothing is left in AWS, by the replies to the deletes, or by the read of a dry run. */
export function isGone(outcome: Outcome, object: InstanceProfile): boolean {
  if (outcome.kind === "previewed")
    return outcome.visibleInMs === 0 && isInSync(outcome.plan) && !isKeptByDryRun(object);
  if (outcome.kind !== "converged" || outcome.visibleInMs !== 0) return false;
  return outcome.failed === undefined && outcome.plan.blockers.length === 0;
}

/** The failure of an object in deletion whose spec is invalid. */
export function deletionBlocked(error: TerminalError): TerminalError {
  const message =
    `${error.message}. The deletion is blocked. Correct the spec, or delete the role and the instance profile in AWS and remove the ` +
    `finalizer ${FINALIZER} from the object.`;
  return new TerminalError(message, { reason: error.reason, cause: error });
}

/** True when AWS refused a delete because something is still attached to the entity. */
export function isDeleteConflict(outcome: Outcome): boolean {
  if (outcome.kind !== "converged" || outcome.failed === undefined) return false;
  const { error } = outcome.failed;
  return error instanceof ControllerError && error.reason === "DeleteConflict";
}

/**
 * Explains a delete conflict by a second observation: the outcome with the blockers that it found, which name what is
 * attached, or unchanged, with the message of AWS, if it found none.
 */
export function explainDeleteConflict(outcome: Outcome, preview: Outcome): Outcome {
  if (outcome.kind !== "converged" || preview.kind !== "previewed" || preview.plan.blockers.length === 0)
    return outcome;
  const plan = { ...preview.plan, actions: [...outcome.applied, ...preview.plan.actions] };
  return { ...outcome, plan, failed: undefined, after: preview.observed };
}
