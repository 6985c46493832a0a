import { BlockedError } from "../../errors.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import type { Absent } from "../../model/observed-state.ts";
import { isRetained, ownershipOf, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import { isInstanceAction } from "../../plan/instances/instance-action.ts";
import type { Blocker, Plan } from "../../plan/plan.ts";
import type { AwsAccount } from "../accounts/aws-account.ts";
import type { ClaimIndex } from "../observe/instance-claims.ts";
import type { IamReader, Precondition } from "../ports.ts";
import { type Convergence, converge } from "../reconcile/converge.ts";
import type { Attempts } from "../reconcile/flap-breaker.ts";

/** What proves that entities in AWS are those of an object that is gone: ids that its status named, which nobody can forge in AWS. */
export interface OrphanProof {
  readonly uid: string;
  readonly roleId: string;
  readonly instanceProfileId: string | undefined;
}

/** What the removal of an orphan works with. */
export interface RemoveOrphanDependencies {
  readonly account: AwsAccount;
  readonly claims: ClaimIndex;
  /** Raises unless the object is still gone; called before each write. */
  readonly assertGone: Precondition;
}

/**
 * Deletes what an object has left in AWS, by the same reconcile that deletes for an object: observe, plan, execute. Stricter than that: the
 * role must be the very one that the object's status named, no instance may use the profile, and nothing goes by force.
 *
 * Errors: BlockedError `OrphanNotProven`; those of the reads and of `assertGone`. Failing writes are in the report.
 */
export function removeOrphan(
  desired: DesiredAbsent,
  proof: OrphanProof,
  { account, claims, assertGone }: RemoveOrphanDependencies,
  signal: AbortSignal,
): Promise<Convergence> {
  const { reader, writer } = account.iam.routine;
  const { recentWrites, adoptions } = account;
  const deps = {
    reader: provenReader(reader, desired, proof),
    writer,
    recentWrites,
    adoptions,
    attempts: UNUSED_ONLY,
    instances: { ...account.instances, claims, isAwaited: true },
    checkStillCurrent: assertGone,
    isAnnounced: () => false,
  };
  return converge({ ...desired, retention: "ByOrigin", force: false }, deps, signal);
}

/** Blocks the plan while an instance uses the profile, or might: nobody is there who could be asked. */
const UNUSED_ONLY: Attempts = {
  judge(plan: Plan): Plan {
    const inUse = plan.actions.some(isInstanceAction) || plan.notes !== undefined;
    return inUse ? { ...plan, blockers: [...plan.blockers, MAY_BE_IN_USE] } : plan;
  },
  carriedOut() {},
};

const MAY_BE_IN_USE: Blocker = {
  reason: "InstancesUseProfile",
  message: "instances use the instance profile, or could not be searched for",
};

/** A reader that raises where the entities of these names are not those that are proven. */
function provenReader(reader: IamReader, desired: DesiredAbsent, proof: OrphanProof): IamReader {
  const isLeft = (tags: Tags): boolean =>
    ownershipOf(tags, desired.owner).kind === "owned" && tags[TAG_KEYS.uid] === proof.uid && !isRetained(tags);
  const proven = <T extends { readonly presence: "present"; readonly tags: Tags }>(
    entity: T | Absent,
    isProven: (entity: T) => boolean,
  ): T | Absent => {
    // What bears others' tags, or none, is no business of this plan.
    const isOurs = entity.presence === "present" && ownershipOf(entity.tags, desired.owner).kind === "owned";
    if (!isOurs || (isProven(entity) && isLeft(entity.tags))) return entity;
    const message = `${desired.roleName}: the role or its instance profile is not the one that the deleted object had`;
    throw new BlockedError(message, { reason: "OrphanNotProven" });
  };
  return {
    getRole: async (name, signal) =>
      proven(await reader.getRole(name, signal), ({ roleId }) => roleId === proof.roleId),
    getInstanceProfile: async (name, signal) =>
      proven(await reader.getInstanceProfile(name, signal), ({ id }) => id === proof.instanceProfileId),
    listRolePolicies: (name, signal) => reader.listRolePolicies(name, signal),
    getRolePolicy: (name, policyName, signal) => reader.getRolePolicy(name, policyName, signal),
    listAttachedRolePolicies: (name, signal) => reader.listAttachedRolePolicies(name, signal),
    listInstanceProfilesForRole: (name, signal) => reader.listInstanceProfilesForRole(name, signal),
  };
}
