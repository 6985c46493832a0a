import { ABSENT } from "../model/observed-state.ts";
import type { Blocker } from "../plan/plan.ts";
import type { Outcome } from "../status/outcome.ts";
import type { Standing } from "./class-directory.ts";

/** Why an object may not be begun or gone on with; empty when it may. */
export function blockersOf(standing: Standing): readonly Blocker[] {
  if (standing.kind === "refused") return [standing.blocker];
  if (standing.kind === "free" || standing.isStripped) return [];
  return standing.violations.map(({ reason, message }) => ({ reason, message }));
}

/** The outcome of a pass that did not begin: nothing was read from AWS. */
export function refused(blockers: readonly Blocker[]): Outcome {
  return {
    kind: "previewed",
    plan: { actions: [], blockers, unmanagedPolicies: [] },
    observed: { role: ABSENT, instanceProfile: ABSENT },
    settlesInMs: 0,
  };
}

/** The outcome of a pass, with what of the spec the class has taken away. */
export function withLeftOut(outcome: Outcome, standing: Standing): Outcome {
  if (standing.kind !== "bound" || !standing.isStripped) return outcome;
  if (outcome.kind !== "converged" && outcome.kind !== "previewed") return outcome;
  return { ...outcome, leftOut: standing.violations.map(({ reason, message }) => ({ reason, message })) };
}
