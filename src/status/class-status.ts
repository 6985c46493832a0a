import type { Condition } from "../api/instance-profile.ts";
import type { InstanceProfileClassStatus } from "../api/instance-profile-class.ts";
import { ControllerError, dispositionOf } from "../errors.ts";
import { type ConditionDraft, fitted, notReady, ready, reconciling, stalled, writeConditions } from "./conditions.ts";

/** What one look at a class came to. */
export interface ClassFacts {
  /** Why the spec cannot be read; undefined when it can. */
  readonly fault: string | undefined;
  /** What STS said; undefined when it was not asked. */
  readonly account: { readonly id: string } | { readonly error: unknown } | undefined;
  readonly isGoing: boolean;
  /** InstanceProfiles of the class. */
  readonly objects: number;
  /** Of those, how many do not fit it. */
  readonly violations: number;
}

/** The class as far as its status depends on it. */
export interface ClassSoFar {
  readonly generation: number;
  readonly conditions: readonly Condition[] | undefined;
}

/** The status that the facts deserve. The same facts give the same status, so it is not written twice. `now`: RFC 3339. */
export function classStatus(
  { generation, conditions }: ClassSoFar,
  facts: ClassFacts,
  now: string,
): InstanceProfileClassStatus {
  const drafts = [accepted(facts), ...readiness(facts)].map(fitted);
  return {
    observedGeneration: generation,
    conditions: writeConditions(drafts, conditions ?? [], generation, now),
    objects: facts.objects,
    violations: facts.violations,
  };
}

function accepted({ fault }: ClassFacts): ConditionDraft {
  return fault === undefined
    ? { type: "Accepted", status: "True", reason: "Accepted", message: "the spec is valid" }
    : { type: "Accepted", status: "False", reason: "InvalidSpec", message: fault };
}

function readiness({ fault, account, isGoing, objects }: ClassFacts): readonly ConditionDraft[] {
  if (fault !== undefined) return [notReady("InvalidSpec", fault), stalled("InvalidSpec", fault)];
  if (isGoing) {
    const message = `deletion waits: InstanceProfiles of this class: ${objects}. Delete them first.`;
    return [notReady("InUse", message), reconciling("InUse", message)];
  }
  if (account === undefined || "error" in account) return unreachable(account?.error);
  return [ready("AccountReachable", `STS says that the credentials are of account ${account.id}`)];
}

function unreachable(error: unknown): readonly ConditionDraft[] {
  const reason = error instanceof ControllerError ? error.reason : "UnexpectedError";
  const message = error instanceof Error ? error.message : String(error);
  return dispositionOf(error) === "terminal"
    ? [notReady(reason, message), stalled(reason, message)]
    : [notReady(reason, message), reconciling("ProgressingWithRetry", message)];
}
