import { RECONCILE_AT_ANNOTATION } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { isPermanent } from "../../engine/observe/policy-existence.ts";
import type { RequiredBoundary } from "../../engine/reconcile/required-boundary.ts";
import { ControllerError } from "../../errors.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../../plan/plan.ts";
import type { BoundaryFact } from "../../status/class-status.ts";
import type { Outcome } from "../../status/outcome.ts";

/** Returns the boundary that a class requires, with access to its account. Errors: those of opening the account. */
export type BoundaryOf = (of: InstanceProfileClass, signal: AbortSignal) => Promise<RequiredBoundary | undefined>;

/**
 * Verifies that the permissions boundaries of classes exist: when a class is new or edited, and again while one is
 * missing.
 */
export class ClassBoundaries {
  readonly #boundaryOf: BoundaryOf;
  /** The last verified edit, by name of the class. */
  readonly #verified = new Map<string, string>();

  constructor(boundaryOf: BoundaryOf) {
    this.#boundaryOf = boundaryOf;
  }

  /**
   * What to report about the class's boundary; undefined when the class has none, or when it exists.
   *
   * Errors: those of opening the account; the signal's reason when it aborts.
   */
  async verify(of: InstanceProfileClass, signal: AbortSignal): Promise<BoundaryFact | undefined> {
    const boundary = await this.#boundaryOf(of, signal);
    if (boundary === undefined) return undefined;
    const { name } = of.metadata;
    const edit = editOf(of);
    const verdict = await boundary.verify(this.#verified.get(name) !== edit, signal);
    if (verdict.kind === "unverified" && !isPermanent(verdict.error)) {
      return { kind: "unverified", arn: boundary.arn, why: verdict.error.message, isRetried: true };
    }
    this.#verified.set(name, edit);
    switch (verdict.kind) {
      case "exists":
        return undefined;
      case "missing":
        return { kind: "missing", arn: boundary.arn, accountId: of.spec.account.id };
      case "unverified":
        return { kind: "unverified", arn: boundary.arn, why: verdict.error.message, isRetried: false };
    }
  }

  /** Removes what is known of a deleted class. */
  forget(name: string): void {
    this.#verified.delete(name);
  }
}

function editOf({ metadata: { uid, generation, annotations } }: InstanceProfileClass): string {
  return JSON.stringify([uid, generation, annotations?.[RECONCILE_AT_ANNOTATION]]);
}

/** True for the error of a write that failed because the class's permissions boundary does not exist. */
export function isMissingBoundary(error: unknown): error is ControllerError {
  return error instanceof ControllerError && error.reason === PERMISSIONS_BOUNDARY_NOT_FOUND;
}

/**
 * The outcome of a reconcile in which AWS refused to set the class's boundary on a role: blocked if the policy does not
 * exist. AWS's own error may be `AccessDenied` then, which misleads the reader.
 */
export async function blockedByBoundary(
  outcome: Outcome,
  open: () => Promise<{ readonly boundary?: RequiredBoundary | undefined }>,
  signal: AbortSignal,
): Promise<Outcome> {
  if (outcome.kind !== "converged" || outcome.failed === undefined) return outcome;
  const { action, error } = outcome.failed;
  if (!("permissionsBoundaryArn" in action)) return outcome;
  const { boundary } = await open();
  const fault = boundary?.isSetBy(action) === true ? await boundary.faultAfter(error, signal) : undefined;
  if (!isMissingBoundary(fault)) return outcome;
  const blockers = [{ reason: fault.reason, message: fault.message }];
  return { ...outcome, failed: undefined, plan: { ...outcome.plan, blockers } };
}
