import { BlockedError } from "../../errors.ts";
import type { DesiredAbsent } from "../../model/desired-state.ts";
import type { Absent } from "../../model/observed-state.ts";
import { isRetained, ownershipOf, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import { isInstanceAction } from "../../plan/action.ts";
import type { Blocker, Plan } from "../../plan/plan.ts";
import type { AwsAccount } from "../accounts/aws-account.ts";
import type { OnWritten } from "../execute/execute.ts";
import type { ClaimIndex } from "../observe/instance-claims.ts";
import type { IamReader, Precondition } from "../ports.ts";
import { type Convergence, converge } from "../reconcile/converge.ts";
import type { Attempts } from "../reconcile/flap-breaker.ts";

/**
 * Proof that entities in AWS belong to a deleted object: what its status named, by unique ids, which cannot be forged in AWS, and by the ARNs
 * of managed policies.
 */
export interface OrphanProof {
  readonly uid: string;
  readonly roleId: string;
  readonly instanceProfileId: string | undefined;
  /** The managed policies that the status named: their names can be used again, but only by who may create policies with owner tags. */
  readonly managedPolicyArns: readonly string[];
}

/** The dependencies of {@link removeOrphan}. */
export interface RemoveOrphanDependencies {
  readonly account: AwsAccount;
  readonly claims: ClaimIndex;
  /** Raises if the object exists again; called before each write. */
  readonly assertGone: Precondition;
  readonly onWritten?: OnWritten;
}

/**
 * Deletes the role and instance profile that a deleted object left in AWS, in the same way as for an object in
 * deletion: observe, plan, execute. The conditions are stricter: the role must be the one that the object's status
 * named, no instance may use the profile, and nothing is deleted by force.
 *
 * Errors: BlockedError `OrphanNotProven`; those of the reads and of `assertGone`. Failing writes are in the report.
 */
export function removeOrphan(
  desired: DesiredAbsent,
  proof: OrphanProof,
  { account, claims, assertGone, onWritten }: RemoveOrphanDependencies,
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
    instances: { ...account.instances, claims, isUserWaiting: true },
    precondition: assertGone,
    onWritten,
    isAnnounced: () => false,
  };
  return converge({ ...desired, retention: "ByOrigin", force: false }, deps, signal);
}

/** Blocks the plan while an instance uses the profile, or may use it. */
const UNUSED_ONLY: Attempts = {
  judge(plan: Plan): Plan {
    const inUse = plan.actions.some(isInstanceAction) || plan.notes !== undefined;
    return inUse ? { ...plan, blockers: [...plan.blockers, MAY_BE_IN_USE] } : plan;
  },
  recordExecuted() {},
};

const MAY_BE_IN_USE: Blocker = {
  reason: "InstancesUseProfile",
  message: "instances use the instance profile, or could not be searched for",
};

/** A reader that raises where the entities of these names are not the proven ones. */
function provenReader(reader: IamReader, desired: DesiredAbsent, proof: OrphanProof): IamReader {
  const isLeft = (tags: Tags): boolean =>
    ownershipOf(tags, desired.owner).kind === "owned" && tags[TAG_KEYS.uid] === proof.uid && !isRetained(tags);
  const proven = <T extends { readonly presence: "present"; readonly tags: Tags }>(
    entity: T | Absent,
    isProven: (entity: T) => boolean,
  ): T | Absent => {
    // The plan writes nothing to entities with other owner tags, or none.
    const isOwned = entity.presence === "present" && ownershipOf(entity.tags, desired.owner).kind === "owned";
    if (!isOwned || (isProven(entity) && isLeft(entity.tags))) return entity;
    const message = `role ${desired.roleName}, its instance profile or one of its managed policies is not the one that the status of the deleted object names`;
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
    getPolicy: async (arn, signal) =>
      proven(await reader.getPolicy(arn, signal), () => proof.managedPolicyArns.includes(arn)),
    getPolicyVersion: (arn, versionId, signal) => reader.getPolicyVersion(arn, versionId, signal),
    listPolicyVersions: (arn, signal) => reader.listPolicyVersions(arn, signal),
    listEntitiesForPolicy: (arn, signal) => reader.listEntitiesForPolicy(arn, signal),
  };
}
