import type { DesiredState } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import { ABSENT, type ObservedState } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import type { AccountSnapshot } from "../observe/account-snapshot.ts";
import { mayMatter, observe } from "../observe/observe-iam.ts";
import { reported } from "../observe/stale-observation.ts";
import type { IamReader } from "../ports.ts";

/** What AWS has of one object, read for a plan. */
export interface PlanReader {
  /**
   * As {@link observe}. A second question about the same object, with another owner, asks IAM again for as little as can be.
   *
   * Errors: whatever the readers raise.
   */
  read(desired: DesiredState, signal: AbortSignal): Promise<ObservedState>;
}

/** Reads each object by itself: up to five calls. */
export function objectByObject(iam: IamReader): PlanReader {
  return { read: (desired, signal) => observe(desired, iam, signal) };
}

/**
 * Looks roles and their policies up in what was read of the whole account, and reads the instance profile of each object that has
 * one: its tags, by which it has an owner, are in no list.
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
      if (role.presence === "absent" || mayMatter(ownershipOf(role.tags, desired.owner).kind, desired)) {
        return { role, instanceProfile };
      }
      const nothingOnIt = { inlinePolicyNames: [], inlinePolicyDocuments: {}, managedPolicyArns: [] };
      return { role: { ...role, ...nothingOnIt }, instanceProfile };
    },
  };
}
