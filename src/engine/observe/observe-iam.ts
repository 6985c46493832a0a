import type { DesiredState } from "../../model/desired-state.ts";
import { isHandedOverTo, ownershipAfterHandOver } from "../../model/hand-over.ts";
import {
  ABSENT,
  type Absent,
  type ObservedInstanceProfile,
  type ObservedRole,
  type ObservedState,
  type RoleFacts,
} from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";
import { removalRules } from "../../plan/role/diff-role.ts";
import type { IamReader } from "../ports.ts";
import { observePolicies } from "./observe-policies.ts";

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
  const managedPolicies = isForeign(role, desired) ? [] : await observePolicies(desired, role, iam, signal);
  return { role, instanceProfile, ...(managedPolicies.length > 0 && { managedPolicies }) };
}

/** True for a role that blocks the plan anyway. */
function isForeign(role: ObservedRole | Absent, desired: DesiredState): boolean {
  return role.presence === "present" && !needsPolicies(role.tags, desired);
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
