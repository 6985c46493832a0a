import { BlockedError } from "../../errors.ts";
import { type DesiredPresent, type DesiredState, ownPolicyArnsOf } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import type { Absent, ObservedManagedPolicy, ObservedRole } from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { followerOwnership, isAdoptedWithRole } from "../../plan/after-hand-over.ts";
import { policyTagsAtCreation } from "../../plan/role/diff-managed-policies.ts";
import { policiesNamedBy } from "../../plan/role/record-own-policies.ts";
import type { IamReader, ManagedPolicyFacts, ReportedPolicy } from "../ports.ts";

/** The managed policies that an object has, or has had: those of its spec, and those that the tags of its role name; sorted. */
export function ownPoliciesOf(desired: DesiredState, role: ObservedRole | Absent): readonly string[] {
  const named = role.presence === "absent" ? [] : policiesNamedBy(desired, role);
  const wanted = desired.place === undefined ? [] : ownPolicyArnsOf(desired);
  return [...new Set([...wanted, ...named])].sort();
}

/**
 * Reads the managed policies of an object: one request for each that does not exist, three for each that may be written. Sends none for
 * an object without any.
 *
 * Errors: those of the reader.
 */
export async function observePolicies(
  desired: DesiredState,
  role: ObservedRole | Absent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<readonly ObservedManagedPolicy[]> {
  const found: ObservedManagedPolicy[] = [];
  for (const arn of ownPoliciesOf(desired, role)) {
    const policy = await observePolicy(arn, desired, role, iam, signal);
    if (policy !== undefined) found.push(policy);
  }
  return found;
}

/** Reads one managed policy; undefined when it does not exist. Errors: those of the reader. */
export async function observePolicy(
  arn: string,
  desired: DesiredState,
  role: ObservedRole | Absent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<ObservedManagedPolicy | undefined> {
  const read = await iam.getPolicy(arn, signal);
  if (read.presence === "absent") return undefined;
  const { attachments, boundaries, ...facts } = read;
  const { kind } = followerOwnership(desired, role, facts);
  const mayBeWritten = kind === "owned" || (kind === "unowned" && desired.presence === "present" && desired.mayAdopt);
  if (!mayBeWritten) return { ...facts, document: undefined, versionIds: [], usedBy: [] };
  // What others do with a policy that stays the object's own matters to no plan.
  const isOwned = ownershipOf(facts.tags, desired.owner).kind === "owned";
  const isKept =
    desired.presence === "present" && (isOwned || isAdoptedWithRole(desired, role, facts)) && isWanted(desired, arn);
  const others = isKept ? 0 : attachments + boundaries - (isAttached(role, arn) ? 1 : 0);
  return {
    ...facts,
    document:
      desired.presence === "absent" ? undefined : await iam.getPolicyVersion(arn, facts.defaultVersionId, signal),
    versionIds: await iam.listPolicyVersions(arn, signal),
    usedBy: others <= 0 ? [] : await usersOf(read, desired, role, iam, signal),
  };
}

function isWanted({ managedPolicies }: DesiredPresent, arn: string): boolean {
  return managedPolicies.some((policy) => policy.arn === arn);
}

function isAttached(role: ObservedRole | Absent, arn: string): boolean {
  return role.presence === "present" && role.managedPolicyArns.includes(arn);
}

/** Their names if the controller may list them, or else their number. */
async function usersOf(
  { arn, attachments, boundaries }: ManagedPolicyFacts,
  desired: DesiredState,
  role: ObservedRole | Absent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const own = desired.presence === "absent" ? desired.roleName : desired.role.roleName;
  try {
    const users = await iam.listEntitiesForPolicy(arn, signal);
    const isOwn = ({ kind, name }: (typeof users)[number]): boolean => kind === "role" && sameName(name, own);
    return users
      .filter((user) => !isOwn(user) || role.presence === "absent")
      .map(({ kind, name }) => `${kind} ${name}`);
  } catch (error) {
    if (!(error instanceof BlockedError)) throw error;
    return counted(attachments + boundaries - (isAttached(role, arn) ? 1 : 0));
  }
}

function counted(others: number): readonly string[] {
  if (others <= 0) return [];
  return [others === 1 ? "1 other user, group or role" : `${others} other users, groups and roles`];
}

/** The managed policies of an object from a scan. Their tags, which no report contains, are assumed to be in sync. */
export function reportedPolicies(
  desired: DesiredPresent,
  role: ObservedRole | Absent,
  reported: ReadonlyMap<string, ReportedPolicy>,
): readonly ObservedManagedPolicy[] {
  const tags = policyTagsAtCreation(desired);
  return ownPoliciesOf(desired, role).flatMap((arn) => {
    const policy = reported.get(arn);
    if (policy === undefined) return [];
    const { attachments, boundaries, ...facts } = policy;
    const others = isWanted(desired, arn) ? 0 : attachments + boundaries - (isAttached(role, arn) ? 1 : 0);
    return [{ ...facts, tags, usedBy: counted(others) }];
  });
}
