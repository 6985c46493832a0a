import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { Bounds, Violation } from "../../plan/class/class-bounds.ts";
import { oversizeBlockers } from "../../plan/oversize-blockers.ts";
import type { Blocker } from "../../plan/plan.ts";
import { OWN_ACCOUNT } from "../accounts/account-key.ts";

/** Where an object stands: under no class, for the cluster has none; under one; or nowhere. */
export type ClassBinding =
  | {
      readonly kind: "free";
      /** Under the recorded terms of the class that accepted it, if one did and is gone. */
      readonly object: InstanceProfile;
      /** See {@link forceDeniedByRecord}. */
      readonly forceDeniedBy?: string | undefined;
    }
  | {
      readonly kind: "bound";
      readonly class: InstanceProfileClass;
      /** With what the class adds, and without what it has taken away. */
      readonly object: InstanceProfile;
      /** How it does not fit. */
      readonly violations: readonly Violation[];
      /** What the violations are judged against. */
      readonly bounds: Bounds;
      /** The violations are left out of `object`, which may be written; else they forbid it. */
      readonly isStripped: boolean;
      /** The class has not accepted the object yet, or not this class: that is written before anything in AWS is. */
      readonly isAccepted: boolean;
    }
  | { readonly kind: "refused"; readonly blocker: Blocker };

/** Why an object may not be created or changed; empty when it may. */
export function blockersOf(binding: ClassBinding): readonly Blocker[] {
  if (binding.kind === "refused") return [binding.blocker];
  if (binding.kind === "bound" && !binding.isStripped) return binding.violations.map(asBlocker);
  const { metadata, oversize = [] } = binding.object;
  // A deletion writes no policy.
  return metadata.deletionTimestamp === undefined ? oversizeBlockers(oversize) : [];
}

/** The account that an object of this binding is in: the AWS account id of its class, or {@link OWN_ACCOUNT}. */
export function accountKeyOf(binding: ClassBinding): string {
  return binding.kind === "bound" ? binding.class.spec.account.id : OWN_ACCOUNT;
}

/** A violation without what of the spec would have to go. */
export function asBlocker({ reason, message }: Blocker): Blocker {
  return { reason, message };
}
