import {
  type InstanceProfile,
  type InstanceProfileStatus,
  type ObjectMeta,
  RECONCILE_AT_ANNOTATION,
} from "../api/instance-profile.ts";
import type { Convergence } from "../engine/converge.ts";
import type { KubeObject, Urgency } from "../engine/ports.ts";
import { ControllerError } from "../errors.ts";
import { planLines } from "../plan/render.ts";
import type { Run } from "../runtime/workers.ts";
import type { ObjectSoFar, Outcome } from "../status/outcome.ts";
import { errorOf } from "../status/requeue.ts";
import { failureFields } from "./failure-fields.ts";

/** What the reconciler needs to know of the run it is in. */
export interface RunFacts extends Pick<Run, "logger"> {
  /** Unset: `change`. */
  readonly urgency?: Urgency;
  /** The object was there, and waited, when this process began to work. */
  readonly wasListed?: boolean;
}

/** What was written, and what went wrong: names only, never documents. */
export function logOutcome({ logger }: RunFacts, outcome: Outcome): void {
  if (outcome.kind === "converged" && outcome.applied.length > 0) {
    const notes = outcome.plan.notes?.map(({ message }) => message);
    const actions = planLines({ ...outcome.plan, actions: outcome.applied });
    logger.info("wrote AWS", { actions, ...(notes !== undefined && { notes }) });
  }
  const error = errorOf(outcome);
  if (error instanceof ControllerError) {
    logger.warn("reconcile failed", { disposition: error.disposition, ...failureFields(error) });
  }
}

/** Carries a failure on the Kubernetes side out of a pass: it says nothing about AWS, so it is not for the status. */
export class Postponed extends Error {
  constructor(cause: unknown) {
    super("postponed", { cause });
  }
}

/** Turns what a pass raises into an outcome. */
export async function attempt(signal: AbortSignal, pass: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await pass();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Postponed) throw error.cause;
    if (!(error instanceof ControllerError)) throw error;
    return { kind: "failed", error };
  }
}

/** A pass as status and events see it. */
export function asOutcome({ plan, report, after, settlesInMs, isAnnouncement }: Convergence): Outcome {
  if (isAnnouncement) return { kind: "announced", plan, observed: after, settlesInMs };
  const applied = report.applied.map(({ action }) => action);
  const { failed, refused } = report;
  return { kind: "converged", plan, applied, failed, after, settlesInMs, ...(refused.length > 0 && { refused }) };
}

/** An object whose spec nobody has looked at. */
export function asReceived(raw: KubeObject): ObjectSoFar {
  return { metadata: raw["metadata"] as ObjectMeta, status: raw["status"] as InstanceProfileStatus };
}

/** What the object asks for now: a new spec, and a new value of `reconcile-at`, ask for a new attempt. */
export function attemptOf({ metadata: { uid, generation, annotations } }: InstanceProfile): string {
  return JSON.stringify([uid, generation, annotations?.[RECONCILE_AT_ANNOTATION]]);
}

/** The object was seen to have something in AWS. */
export function hasEntities({ status }: InstanceProfile): boolean {
  return status?.role !== undefined || status?.instanceProfile !== undefined;
}
