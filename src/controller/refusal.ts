import type { InstanceProfile } from "../api/instance-profile.ts";
import { ABSENT } from "../model/observed-state.ts";
import type { Blocker } from "../plan/plan.ts";
import type { Outcome } from "../status/outcome.ts";

/**
 * What this version cannot honour, and must therefore not begin: acting on half of a spec could grant what its author
 * meant to bound. Undefined when there is nothing of the kind.
 */
export function refusalOf({ spec }: InstanceProfile): Blocker | undefined {
  if (spec.className === undefined) return undefined;
  return {
    reason: "ClassNotSupported",
    message:
      `spec.className is ${spec.className}, and this version of the controller knows no classes. Nothing was written. ` +
      "Remove the object and create it without className, or install a version that supports classes.",
  };
}

/** The outcome of a pass that did not begin. */
export function refused(blocker: Blocker): Outcome {
  return {
    kind: "previewed",
    plan: { actions: [], blockers: [blocker], unmanagedPolicies: [] },
    observed: { role: ABSENT, instanceProfile: ABSENT },
    settlesInMs: 0,
  };
}
