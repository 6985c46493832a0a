import { hasTrace } from "../../model/trace.ts";
import { forceDeleteDeniedBy } from "../../plan/class/class-deletion.ts";
import type { Blocker } from "../../plan/plan.ts";
import type { Compliance, ViolationEffect } from "../../status/compliance.ts";
import type { Outcome } from "../../status/outcome.ts";
import { asBlocker, type ClassBinding } from "./class-binding.ts";

/**
 * The name of the object's class, or of the deleted class that accepted it, if it does not allow the annotation
 * `force-delete`; undefined when the annotation has an effect.
 */
export function forceDeniedBy(binding: ClassBinding): string | undefined {
  switch (binding.kind) {
    case "bound":
      return forceDeleteDeniedBy(binding.class);
    case "free":
      return binding.forceDeniedBy;
    case "refused":
      return undefined;
  }
}

/** The outcome of a reconcile that ended before it read AWS. */
export function refused(blockers: readonly Blocker[]): Extract<Outcome, { readonly kind: "refused" }> {
  return { kind: "refused", blockers };
}

/** The outcome of a reconcile, with the parts of the spec that the class has stripped. */
export function withLeftOut(outcome: Outcome, binding: ClassBinding): Outcome {
  if (binding.kind !== "bound" || !binding.isStripped) return outcome;
  if (outcome.kind !== "converged" && outcome.kind !== "previewed") return outcome;
  return { ...outcome, leftOut: binding.violations.map(asBlocker) };
}

/** Whether an object of this binding complies with its class; undefined when the object needs no class. */
export function complianceOf(binding: ClassBinding, status: Parameters<typeof hasTrace>[0]): Compliance | undefined {
  switch (binding.kind) {
    case "free":
      return undefined;
    case "refused":
      return violated([binding.blocker], hasTrace(status) ? "blocked" : "not created");
    case "bound": {
      const { violations, isStripped } = binding;
      if (violations.length === 0) return { kind: "compliant", className: binding.class.metadata.name };
      const effectOfBlock = hasTrace(status) ? "kept" : "not created";
      return violated(violations.map(asBlocker), isStripped ? "stripped" : effectOfBlock);
    }
  }
}

function violated(violations: readonly Blocker[], effect: ViolationEffect): Compliance {
  return { kind: "violated", violations, effect, revoked: [], remaining: [] };
}
