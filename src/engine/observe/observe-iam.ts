import type { DesiredState } from "../../model/desired-state.ts";
import {
  ABSENT,
  type Absent,
  type ObservedRole,
  type ObservedState,
  type RoleFacts,
} from "../../model/observed-state.ts";
import { ownershipOf } from "../../model/ownership.ts";
import { removalRules } from "../../plan/role/diff-role.ts";
import type { IamReader } from "../ports.ts";

/** What was on a role: to know where to look, never a proof of what is there now. */
export interface RoleParts {
  readonly inlinePolicyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  /** All instance profiles that hold the role, owned or not. */
  readonly instanceProfileNames: readonly string[];
}

/**
 * Reads from IAM what the plan needs and no more: 2 calls while nothing is there or what is there is not ours to touch, 5
 * to verify a role with an inline policy, 5 to take it down, or 2 where what is on it is known.
 *
 * Errors: whatever the reader raises; a state is whole or not at all.
 */
export async function observe(
  desired: DesiredState,
  iam: IamReader,
  signal: AbortSignal,
  known?: RoleParts,
): Promise<ObservedState> {
  const names = namesOf(desired);
  const [role, instanceProfile] = await allInOrder([
    observeRole(desired, names, iam, signal, known),
    iam.getInstanceProfile(names.instanceProfileName, signal),
  ]);
  return { role, instanceProfile };
}

interface Names {
  readonly roleName: string;
  readonly instanceProfileName: string;
  /** Inline policies whose documents the plan compares. */
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
    documentsOf: role.inlinePolicy === undefined ? [] : [role.inlinePolicy.policyName],
  };
}

async function observeRole(
  desired: DesiredState,
  { roleName, documentsOf }: Names,
  iam: IamReader,
  signal: AbortSignal,
  known?: RoleParts,
): Promise<ObservedRole | Absent> {
  const facts = await iam.getRole(roleName, signal);
  if (facts.presence === "absent") return ABSENT;
  if (!mayMatter(ownershipOf(facts.tags, desired.owner).kind, desired)) {
    return { ...facts, inlinePolicyNames: [], inlinePolicyDocuments: {}, managedPolicyArns: [] };
  }
  if (known !== undefined && desired.presence === "absent") {
    const { inlinePolicyNames, managedPolicyArns, instanceProfileNames } = known;
    return { ...facts, inlinePolicyNames, managedPolicyArns, instanceProfileNames, inlinePolicyDocuments: {} };
  }
  const read = (names: readonly string[]) =>
    allInOrder(names.map(async (name) => [name, await iam.getRolePolicy(roleName, name, signal)] as const));
  const [inlinePolicyNames, managedPolicyArns, documents, instanceProfileNames] = await allInOrder([
    iam.listRolePolicies(roleName, signal),
    iam.listAttachedRolePolicies(roleName, signal),
    read(documentsOf),
    // Only a role that is to go may not be in anybody's profile.
    desired.presence === "absent" ? iam.listInstanceProfilesForRole(roleName, signal) : undefined,
  ]);
  const leaving = await read(
    inlinePolicyNames.filter((name) => !documentsOf.includes(name) && goes(desired, facts, name)),
  );
  const inlinePolicyDocuments = present([...documents, ...leaving]);
  const policies = { inlinePolicyNames, managedPolicyArns, inlinePolicyDocuments };
  return { ...facts, ...policies, ...(instanceProfileNames && { instanceProfileNames }) };
}

/** The policies of a role that may not be written anyway cost no calls. */
export function mayMatter(ownership: ReturnType<typeof ownershipOf>["kind"], desired: DesiredState): boolean {
  return ownership === "owned" || (ownership === "unowned" && desired.presence === "present" && desired.mayAdopt);
}

/** What a policy grants that is to go decides what goes first. A role that is to go takes everything with it. */
function goes(desired: DesiredState, { tags }: RoleFacts, policyName: string): boolean {
  return desired.presence === "present" && removalRules(desired, tags).inline(policyName);
}

function present(documents: readonly (readonly [string, string | undefined])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(documents.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
}

/**
 * All results, or the error of the first that failed, in the order given and not of arrival: which of two calls fails first
 * is chance, and a condition's message must not change by chance.
 */
async function allInOrder<T extends readonly unknown[]>(
  promises: { readonly [K in keyof T]: Promise<T[K]> | T[K] },
): Promise<T> {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
