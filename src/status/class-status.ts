import type { Condition } from "../api/instance-profile.ts";
import type { InstanceProfileClassStatus } from "../api/instance-profile-class.ts";
import { dispositionOf, messageOfError, reasonOfError } from "../errors.ts";
import { someOf } from "../plan/class/class-bounds.ts";
import { PERMISSIONS_BOUNDARY_NOT_FOUND } from "../plan/plan.ts";
import {
  type ConditionDraft,
  findCondition,
  fitted,
  notReady,
  ready,
  reconciling,
  stalled,
  writeConditions,
} from "./conditions.ts";
import { noteText } from "./limits.ts";
import type { EventDraft } from "./outcome.ts";

/** The result of one reconcile of a class. */
export interface ClassFacts {
  /** Why the spec cannot be read; undefined when it can. */
  readonly fault: string | undefined;
  /** The answer of STS; undefined without a request. */
  readonly account: { readonly id: string } | { readonly error: unknown } | undefined;
  /** A problem of the permissions boundary; undefined when there is none, or when the policy exists. */
  readonly boundary?: BoundaryFact | undefined;
  readonly isInDeletion: boolean;
  /** InstanceProfiles of the class. */
  readonly objects: number;
  /** `namespace/name` of each of them, for a class in deletion; unset: not known. */
  readonly usedBy?: readonly string[];
  /** How many of them violate it. */
  readonly violations: number;
}

/** A problem of the permissions boundary of a class. */
export type BoundaryFact =
  | { readonly kind: "missing"; readonly arn: string; readonly accountId: string }
  /** It is not known whether the policy exists. */
  | { readonly kind: "unverified"; readonly arn: string; readonly why: string; readonly isRetried: boolean };

/** The part of a class that its next status depends on. */
export interface ReportedClass {
  readonly generation: number;
  readonly conditions: readonly Condition[] | undefined;
}

/** Computes the status from the facts. The same facts give the same status, so it is not written twice. `now`: RFC 3339. */
export function classStatus(
  { generation, conditions }: ReportedClass,
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

function readiness({
  fault,
  account,
  boundary,
  isInDeletion,
  objects,
  usedBy = [],
}: ClassFacts): readonly ConditionDraft[] {
  if (fault !== undefined) return [notReady("InvalidSpec", fault), stalled("InvalidSpec", fault)];
  if (isInDeletion) {
    const names = usedBy.length === 0 ? "" : `: ${someOf(usedBy.toSorted())}`;
    const message = `deletion is blocked by InstanceProfiles of this class (${objects})${names}. Delete them first.`;
    return [notReady("InUse", message), reconciling("InUse", message)];
  }
  if (account === undefined || "error" in account) return unreachable(account?.error);
  if (boundary?.kind === "missing") return missingBoundary(boundary);
  const message = `STS reports that the credentials are of account ${account.id}`;
  return [ready("AccountReachable", boundary === undefined ? message : `${message}. ${unverified(boundary)}`)];
}

function missingBoundary({ arn, accountId }: Extract<BoundaryFact, { kind: "missing" }>): readonly ConditionDraft[] {
  const message =
    `spec.permissionsBoundaryArn: policy ${arn} does not exist in AWS account ${accountId}, so no role of this class can have it. The ` +
    "controller creates no role of the class and grants existing roles no additional permissions; they keep what the class allows. " +
    "Create the policy, or correct the ARN.";
  return [notReady(PERMISSIONS_BOUNDARY_NOT_FOUND, message), stalled(PERMISSIONS_BOUNDARY_NOT_FOUND, message)];
}

function unverified({ arn, why }: Extract<BoundaryFact, { kind: "unverified" }>): string {
  return `The controller could not verify that the permissions boundary ${arn} exists: ${why}`;
}

function unreachable(error: unknown): readonly ConditionDraft[] {
  const reason = reasonOfError(error);
  const message = messageOfError(error);
  return dispositionOf(error) === "terminal"
    ? [notReady(reason, message), stalled(reason, message)]
    : [notReady(reason, message), reconciling("ProgressingWithRetry", message)];
}

/** Emits a Warning Event when `Ready` starts to report a missing boundary, or reports another one. */
export function classEvents(
  previous: readonly Condition[] | undefined,
  current: readonly Condition[] | undefined,
): readonly EventDraft[] {
  const before = findCondition(previous, "Ready");
  const now = findCondition(current, "Ready");
  if (now?.reason !== PERMISSIONS_BOUNDARY_NOT_FOUND) return [];
  if (before?.reason === now.reason && before.message === now.message) return [];
  return [{ type: "Warning", reason: now.reason, action: "VerifyBoundary", note: noteText(now.message, "conditions") }];
}
