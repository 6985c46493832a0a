import { BlockedError } from "../../errors.ts";
import { type DesiredPresent, type DesiredState, ownPolicyArnsOf } from "../../model/desired-state.ts";
import { isHandedOverTo, ownershipAfterHandOver } from "../../model/hand-over.ts";
import { sameName } from "../../model/naming.ts";
import {
  ABSENT,
  type Absent,
  type ObservedInstanceProfile,
  type ObservedManagedPolicy,
  type ObservedRole,
  type ObservedState,
  type RoleFacts,
} from "../../model/observed-state.ts";
import { ownershipOf, type Tags } from "../../model/ownership.ts";
import { followerOwnership, isAdoptedWithRole, policiesNamedBy } from "../../plan/after-hand-over.ts";
import { policyTagsAtCreation } from "../../plan/role/diff-managed-policies.ts";
import { removalRules } from "../../plan/role/diff-role.ts";
import type { IamReader, ManagedPolicyFacts, ReportedPolicy } from "../ports.ts";

/** The parts of a role as an earlier scan saw them: they say what to read, and prove nothing about the present. */
export interface RoleParts {
  readonly inlinePolicyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  /** All instance profiles that hold the role, owned or not. */
  readonly instanceProfileNames: readonly string[];
  /** The instance profile that is presumed to be there, so that only the role is read; unset: it is read too. */
  readonly instanceProfile?: ObservedInstanceProfile;
}

/**
 * Reads from IAM what the plan needs: 2 requests when the role does not exist or must not be written, 5 to verify a
 * role with one inline policy and one more for each further one, 5 to delete it, or 2 where its parts are known, and 1
 * where the instance profile is presumed.
 *
 * @param facts of the role, if they were read a moment ago
 *
 * Errors: those of the reader. A state is complete or an error.
 */
export async function observe(
  desired: DesiredState,
  iam: IamReader,
  signal: AbortSignal,
  known?: RoleParts,
  facts?: RoleFacts | Absent,
): Promise<ObservedState> {
  const names = namesOf(desired);
  const [role, instanceProfile] = await allInOrder([
    observeRole(desired, names, iam, signal, { known, read: facts }),
    known?.instanceProfile ?? iam.getInstanceProfile(names.instanceProfileName, signal),
  ]);
  // Else the role blocks the plan anyway.
  const isPlannable = role.presence === "absent" || needsPolicies(role.tags, desired);
  const managedPolicies = isPlannable ? await observePolicies(desired, role, iam, signal) : [];
  return { role, instanceProfile, ...(managedPolicies.length > 0 && { managedPolicies }) };
}

interface Names {
  readonly roleName: string;
  readonly instanceProfileName: string;
  /** The inline policies whose documents the plan compares. */
  readonly documentsOf: readonly string[];
}

function namesOf(desired: DesiredState): Names {
  if (desired.presence === "absent") {
    return { roleName: desired.roleName, instanceProfileName: desired.instanceProfileName, documentsOf: [] };
  }
  const { role, instanceProfile } = desired;
  return {
    roleName: role.roleName,
    instanceProfileName: instanceProfile.instanceProfileName,
    documentsOf: role.inlinePolicies.map(({ policyName }) => policyName),
  };
}

async function observeRole(
  desired: DesiredState,
  { roleName, documentsOf }: Names,
  iam: IamReader,
  signal: AbortSignal,
  { known, read }: { readonly known: RoleParts | undefined; readonly read: RoleFacts | Absent | undefined },
): Promise<ObservedRole | Absent> {
  if (desired.presence === "absent" && desired.isRoleExternal) return ABSENT;
  const facts = read ?? (await iam.getRole(roleName, signal));
  if (facts.presence === "absent") return ABSENT;
  if (!needsPolicies(facts.tags, desired)) {
    return { ...facts, inlinePolicyNames: [], inlinePolicyDocuments: {}, managedPolicyArns: [] };
  }
  if (known !== undefined && desired.presence === "absent") {
    const { inlinePolicyNames, managedPolicyArns, instanceProfileNames } = known;
    return { ...facts, inlinePolicyNames, managedPolicyArns, instanceProfileNames, inlinePolicyDocuments: {} };
  }
  const documentsIn = (names: readonly string[]) =>
    allInOrder(names.map(async (name) => [name, await iam.getRolePolicy(roleName, name, signal)] as const));
  const [inlinePolicyNames, managedPolicyArns, documents, instanceProfileNames] = await allInOrder([
    iam.listRolePolicies(roleName, signal),
    iam.listAttachedRolePolicies(roleName, signal),
    documentsIn(documentsOf),
    // Only the deletion of a role, and its adoption from another cluster, depend on the instance profiles that hold it.
    desired.presence === "absent" || isHandedOverTo(desired, facts.tags)
      ? iam.listInstanceProfilesForRole(roleName, signal)
      : undefined,
  ]);
  const removed = await documentsIn(
    inlinePolicyNames.filter((name) => !documentsOf.includes(name) && isRemoved(desired, facts, name)),
  );
  const inlinePolicyDocuments = present([...documents, ...removed]);
  const policies = { inlinePolicyNames, managedPolicyArns, inlinePolicyDocuments };
  return { ...facts, ...policies, ...(instanceProfileNames && { instanceProfileNames }) };
}

/** False for a role that the object neither owns nor may adopt, or that others manage: its policies are not read. */
export function needsPolicies(tags: Tags, desired: DesiredState): boolean {
  if (desired.presence === "present" && desired.roleManagement !== "managed") return false;
  const { kind: ownership } = ownershipAfterHandOver(desired, tags);
  return ownership === "owned" || (ownership === "unowned" && desired.presence === "present" && desired.mayAdopt);
}

/**
 * True for a policy that the plan deletes: what it grants decides the order of the writes. Not needed when the whole
 * role is deleted.
 */
function isRemoved(desired: DesiredState, { tags }: RoleFacts, policyName: string): boolean {
  return desired.presence === "present" && removalRules(desired, tags).inline(policyName);
}

function present(documents: readonly (readonly [string, string | undefined])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(documents.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
}

/**
 * All results, or the first error in the order given, not of arrival: which of two requests fails first is random, and
 * a condition's message must not change at random.
 */
async function allInOrder<T extends readonly unknown[]>(
  promises: { readonly [K in keyof T]: Promise<T[K]> | T[K] },
): Promise<T> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

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
