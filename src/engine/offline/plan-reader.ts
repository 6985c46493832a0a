import type { DesiredState } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import type { AccountSnapshot } from "../observe/account-snapshot.ts";
import { needsPolicies, observe, observePolicies } from "../observe/observe-iam.ts";
import { reported } from "../observe/stale-observation.ts";
import type { IamReader } from "../ports.ts";

/** Reads the observed state of one object for a plan. */
export interface PlanReader {
  /**
   * As {@link observe}. A second read of the same object with another owner sends as few requests as possible.
   *
   * Errors: those of the readers.
   */
  read(desired: DesiredState, signal: AbortSignal): Promise<ObservedState>;
}

/** Reads each object with its own requests: up to five. */
export function objectByObject(iam: IamReader): PlanReader {
  return { read: (desired, signal) => observe(desired, iam, signal) };
}

/**
 * Looks up roles and their policies in an account snapshot, and reads the instance profile of each object that has one:
 * no list contains its owner tags.
 */
export function fromSnapshot(snapshot: AccountSnapshot, iam: IamReader): PlanReader {
  const profiles = new Map<string, ReturnType<IamReader["getInstanceProfile"]>>();
  const profileOf = (name: string, signal: AbortSignal): ReturnType<IamReader["getInstanceProfile"]> => {
    const key = nameKey(name);
    if (!snapshot.instanceProfiles.has(key)) return Promise.resolve(ABSENT);
    const known = profiles.get(key) ?? iam.getInstanceProfile(name, signal);
    profiles.set(key, known);
    return known;
  };
  return {
    async read(desired, signal) {
      if (desired.presence === "absent") return observe(desired, iam, signal);
      const instanceProfile = await profileOf(desired.instanceProfile.instanceProfileName, signal);
      const role = reported(snapshot.roles.get(nameKey(desired.role.roleName)), desired);
      if (role.presence === "absent" || needsPolicies(role.tags, desired)) {
        const managedPolicies = await observePolicies(desired, role, iam, signal);
        return { role, instanceProfile, ...(managedPolicies.length > 0 && { managedPolicies }) };
      }
      const nothingOnIt = { inlinePolicyNames: [], inlinePolicyDocuments: {}, managedPolicyArns: [] };
      return { role: { ...role, ...nothingOnIt }, instanceProfile };
    },
  };
}
