import { messageOfError } from "../errors.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import { describeAction } from "../plan/describe-action.ts";
import type { Blocker } from "../plan/plan.ts";
import { type ConditionDraft, findCondition } from "./conditions.ts";
import type { ReportedObject } from "./outcome.ts";

/** The type of the condition about an object and its class. It is independent of `Ready`, and no other failure hides it. */
export const COMPLIANT = "Compliant";

/** The effect of a violation in AWS. */
export type ViolationEffect =
  /** Nothing of the object is in AWS, and nothing is written. */
  | "not created"
  /** `onViolation: Keep`: AWS stays unchanged. */
  | "kept"
  /** The class cannot be applied: AWS stays unchanged. */
  | "blocked"
  /** `onViolation: Strip`: AWS has no more than the class allows. */
  | "stripped"
  /** As `stripped`, but the role lacks the class's permissions boundary, because the policy does not exist. */
  | "unbounded"
  /** As `stripped`, but the role could not be read to verify it. */
  | "unverified"
  /** `onViolation: Strip` under a controller with `--dry-run`, which removes nothing. */
  | "left by a dry run";

/** Whether an object is within its class; undefined for an object that needs no class. */
export type Compliance =
  | {
      readonly kind: "compliant";
      readonly className: string;
      /** Removals of access that an earlier spec granted; unset: none. */
      readonly revoked?: readonly Action[];
    }
  | {
      readonly kind: "violated";
      /** Never empty. */
      readonly violations: readonly Blocker[];
      readonly effect: ViolationEffect;
      /** Removals that succeeded, made apart from the plan. */
      readonly revoked: readonly Action[];
      /** Removals that AWS refused. */
      readonly remaining: readonly FailedAction[];
    };

/** The reason when the spec is within the class, and AWS refuses to remove access that the class does not allow. */
const ACCESS_BEYOND_CLASS = "AccessBeyondClass";

/** The compliance after removals of access in AWS: those that succeeded, and those that AWS refused. */
export function withRemoval(
  compliance: Compliance,
  revoked: readonly Action[],
  remaining: readonly FailedAction[],
): Compliance {
  if (compliance.kind === "violated") return { ...compliance, revoked, remaining };
  if (remaining.length === 0) return { ...compliance, revoked };
  const message = `The spec is within class ${compliance.className}, and AWS still has access that an earlier spec granted.`;
  const violations = [{ reason: ACCESS_BEYOND_CLASS, message }];
  return { kind: "violated", violations, effect: "stripped", revoked, remaining };
}

/** The compliance when the role cannot have the permissions boundary of its class, because the policy does not exist. */
export function withoutBoundary(compliance: Compliance, { reason, message }: Blocker): Compliance {
  const known = compliance.kind === "violated" ? compliance : { violations: [], remaining: [] };
  return {
    kind: "violated",
    violations: [...known.violations, { reason, message }],
    effect: "unbounded",
    revoked: compliance.revoked ?? [],
    remaining: known.remaining,
  };
}

/** The condition `Compliant`; empty for an object that needs no class. */
export function aboutCompliance(compliance: Compliance | undefined): readonly ConditionDraft[] {
  if (compliance === undefined) return [];
  if (compliance.kind === "compliant") {
    const message = `the spec is within class ${compliance.className}`;
    return [{ type: COMPLIANT, status: "True", reason: "WithinClass", message }];
  }
  const { violations } = compliance;
  const messages = violations.map(({ message }) => message).join(" ");
  const reason = violations[0]?.reason ?? "UnexpectedError";
  return [{ type: COMPLIANT, status: "False", reason, message: `${messages} ${effectOf(compliance)}` }];
}

type Violated = Extract<Compliance, { readonly kind: "violated" }>;

function effectOf({ effect, remaining }: Violated): string {
  if (remaining.length > 0) {
    const what = remaining
      .map(({ action, error }) => `${describeAction(action).title}: ${messageOfError(error)}`)
      .join("; ");
    return `AWS still has more than the class allows, because it refused to remove it: ${what}.`;
  }
  switch (effect) {
    case "not created":
      return "The controller writes nothing to AWS.";
    case "kept":
      return "The controller writes nothing and leaves AWS unchanged (the class has onViolation: Keep).";
    case "blocked":
      return "The controller writes nothing and leaves AWS unchanged.";
    case "unverified":
      return "The controller could not verify that AWS has no more than the class allows. It retries.";
    case "left by a dry run":
      return "AWS may have more than the class allows: the controller runs with --dry-run and removes nothing.";
    case "unbounded":
      return "Everything that this object has in AWS is within the class, except for the missing permissions boundary.";
    case "stripped":
      return "Everything that this object has in AWS is within the class (the class has onViolation: Strip).";
  }
}

/** True when the condition `Compliant` differs from the one in status. */
export function isComplianceChange(object: ReportedObject, compliance: Compliance | undefined): boolean {
  const [now] = aboutCompliance(compliance);
  const before = findCondition(object.status?.conditions, COMPLIANT);
  return before?.status !== now?.status || before?.reason !== now?.reason || before?.message !== now?.message;
}
