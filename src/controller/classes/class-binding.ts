import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Bounds, Violation } from "../../plan/class/class-bounds.ts";
import type { Blocker } from "../../plan/plan.ts";
import { oversizeBlockers } from "../../plan/quota-blockers.ts";
import { OWN_ACCOUNT } from "../accounts/account-key.ts";

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
export function asBlocker({ reason, message }: Blocker): Blocker {
  return { reason, message };
}
