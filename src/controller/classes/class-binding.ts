import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Grants } from "../../model/desired-state.ts";
import { hasTrace } from "../../model/ownership.ts";
import type { Bounds, Violation } from "../../plan/class/class-bounds.ts";
import { forceDeleteDeniedBy } from "../../plan/class/class-deletion.ts";
import type { Blocker } from "../../plan/plan.ts";
import { oversizeBlockers } from "../../plan/quota-blockers.ts";
import type { Compliance, ViolationEffect } from "../../status/compliance.ts";
import type { Outcome } from "../../status/outcome.ts";

/**
 * Which class an object has: `free`: none is needed; `bound`: this class; `refused`: a class is required and missing.
 */
export type ClassBinding =
  | {
      readonly kind: "free";
      /** With the recorded deletion terms of the class that accepted it, if one did. */
      readonly object: InstanceProfile;
      /** See {@link forceDeniedByRecord}. */
      readonly forceDeniedBy?: string | undefined;
    }
  | {
      readonly kind: "bound";
      readonly class: InstanceProfileClass;
      /** With the defaults of the class, and without what it strips. */
      readonly object: InstanceProfile;
      readonly violations: readonly Violation[];
      /** The bounds that the violations are checked against. */
      readonly bounds: Bounds;
      /** True: the violations are stripped from `object`, which may be written. False: they block it. */
      readonly isStripped: boolean;
      /** False until this class has accepted the object, which is recorded before the first write to AWS. */
      readonly isAccepted: boolean;
    }
  | {
      readonly kind: "refused";
      readonly blocker: Blocker;
      /** The class of the object, if it is for another account than the one that the object is bound to. */
      readonly moved?: InstanceProfileClass;
    };

/** The blockers of an object that must not be created or changed; empty when it may be. */
export function blockersOf(binding: ClassBinding): readonly Blocker[] {
  if (binding.kind === "refused") return [binding.blocker];
  const { metadata, oversize = [], faults = [] } = binding.object;
  // A deletion writes no text of the spec.
  const unreadable = metadata.deletionTimestamp === undefined ? faults : [];
  if (binding.kind === "bound" && !binding.isStripped) return [...binding.violations.map(asBlocker), ...unreadable];
  return [...(metadata.deletionTimestamp === undefined ? oversizeBlockers(oversize) : []), ...unreadable];
}

/** The violations that the class strips from the object, so that they do not block it; empty for an object that complies or is blocked. */
export function strippedViolations(binding: ClassBinding): readonly Violation[] {
  return binding.kind === "bound" && binding.isStripped ? binding.violations : [];
}

/** The key of the account of the controller's own credentials, which objects without a class are in. */
export const OWN_ACCOUNT = "own";

/** The account that an object of this binding is in: the AWS account id of its class, or {@link OWN_ACCOUNT}. */
export function accountKeyOf(binding: ClassBinding): string {
  return binding.kind === "bound" ? binding.class.spec.account.id : OWN_ACCOUNT;
}

/** The blocker of an object without a class whose role others manage, when the operator does not allow that. */
export function externalRoleBlocker({ spec }: InstanceProfile): Blocker {
  const message =
    `spec.role.management is External, and an object without a class can put role ${spec.roleName} into an instance profile only if the ` +
    "controller runs with --allow-external-roles. Ask the operator to allow it, preferably in a class (allowedExternalRoles).";
  return { reason: "ExternalRoleNotAllowed", message };
}

/** A violation as a blocker, without the excess of the spec. */
function asBlocker({ reason, message }: Blocker): Blocker {
  return { reason, message };
}

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

/** What the operator allows objects without a class. */
export interface OperatorGrants {
  /** Whether they may adopt what is unowned. Default: false. */
  readonly allowsAdoption?: boolean | undefined;
  /** The ids of the clusters that they may adopt from. Default: none. */
  readonly adoptsFrom?: readonly string[] | undefined;
}

/**
 * What the class and the operator allow the object to do. A class that does not allow adoption has already blocked the
 * spec, or stripped the adoption from it.
 *
 * @param operator what the operator allows objects without a class. Default: nothing
 */
export function grantsOf(binding: ClassBinding, { allowsAdoption = false, adoptsFrom }: OperatorGrants): Grants {
  const isBound = binding.kind === "bound";
  return {
    allowsAdoption: isBound || allowsAdoption,
    adoptsFrom: isBound ? "any" : adoptsFrom,
    forceDeniedBy: forceDeniedBy(binding),
  };
}
