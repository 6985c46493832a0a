import {
  type InstanceProfile,
  type InstanceProfileStatus,
  type ObjectMeta,
  RECONCILE_AT_ANNOTATION,
} from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { Convergence } from "../../engine/reconcile/converge.ts";
import { ControllerError } from "../../errors.ts";
import type { Run } from "../../runtime/queue/workers.ts";
import type { Outcome, ReportedObject } from "../../status/outcome.ts";
import type { Urgency } from "../urgency.ts";

/** What the reconciler needs to know of the run it is in. */
export interface RunFacts extends Pick<Run, "logger"> {
  readonly urgency: Urgency;
}

/** Carries a failure on the Kubernetes side out of a pass: it says nothing about AWS, so it is not for the status. */
export class Postponed extends Error {
  constructor(cause: unknown) {
    super("postponed", { cause });
  }
}

/** Turns what a pass raises into an outcome. */
export async function attempt<T extends Outcome | undefined>(
  signal: AbortSignal,
  pass: () => Promise<T>,
): Promise<T | Extract<Outcome, { readonly kind: "failed" }>> {
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
export function asOutcome({ plan, report, after, visibleInMs, isAnnouncement }: Convergence): Outcome {
  if (isAnnouncement) return { kind: "announced", plan, observed: after, visibleInMs };
  const applied = report.applied.map(({ action }) => action);
  const { failed, refused } = report;
  return { kind: "converged", plan, applied, failed, after, visibleInMs, ...(refused.length > 0 && { refused }) };
}

/** An object whose spec nobody has looked at. */
export function asReceived(raw: KubeObject): ReportedObject {
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
