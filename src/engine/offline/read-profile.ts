import { accountInArn, nameKey } from "../../model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole } from "../../model/observed-state.ts";
import { DECIDING_TAG_KEYS, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import type { ExportedOwnPolicy } from "../../plan/exported-manifest.ts";
import type { AccountSnapshot } from "../observe/account-snapshot.ts";
import type { IamReader, ManagedPolicyFacts } from "../ports.ts";

/** An instance profile and its role with all policies. */
export interface WholeProfile {
  readonly instanceProfile: ObservedInstanceProfile;
  /** Undefined: the profile is empty. */
  readonly role: ObservedRole | undefined;
  /** The managed policies of the role that a manifest owns; unset: none. */
  readonly managedPolicies?: readonly ExportedOwnPolicy[];
}

/** What an account scan has read of roles and managed policies. */
export type ScannedAccount = Pick<AccountSnapshot, "roles" | "policies">;

const NOT_SCANNED: ScannedAccount = { roles: new Map() };

/**
 * Reads an instance profile with its role and every inline policy document; undefined when the profile does not exist. Sends one request
 * for an instance profile whose role was scanned, because no list has the tags of profiles, and five or more for others.
 *
 * Errors: those of the reader.
 */
export async function readWholeProfile(
  instanceProfileName: string,
  iam: IamReader,
  signal: AbortSignal,
  { roles }: ScannedAccount = NOT_SCANNED,
): Promise<WholeProfile | undefined> {
  const instanceProfile = await iam.getInstanceProfile(instanceProfileName, signal);
  if (instanceProfile.presence === "absent") return undefined;
  const { roleName } = instanceProfile;
  if (roleName === undefined) return { instanceProfile, role: undefined };
  return { instanceProfile, role: roles.get(nameKey(roleName)) ?? (await readWholeRole(roleName, iam, signal)) };
}

/** Whether policies that no object owns are read, and those of the object that owns the role. */
export type OwnPolicyChoice = Readonly<Record<"unowned" | "owned", boolean>>;

/** Whose a policy is, beside a role with these tags. */
function originOf(policy: Tags, role: Tags): keyof OwnPolicyChoice | "others" {
  if (policy[TAG_KEYS.name] === undefined) return "unowned";
  return DECIDING_TAG_KEYS.every((key) => policy[key] === role[key]) ? "owned" : "others";
}

/**
 * The customer managed policies that the role alone uses, and that no object owns, or the object that owns the role: those that a manifest can
 * have as its own. Others stay attachments: an object that owned them would decide what others may do.
 *
 * Errors: those of the reader.
 */
export async function readOwnPolicies(
  { arn: roleArn, managedPolicyArns, permissionsBoundaryArn, tags }: ObservedRole,
  isWanted: OwnPolicyChoice,
  iam: IamReader,
  signal: AbortSignal,
  { policies }: ScannedAccount = NOT_SCANNED,
): Promise<readonly ExportedOwnPolicy[]> {
  const found: ExportedOwnPolicy[] = [];
  const accountId = accountInArn(roleArn);
  const isRead = (origin: ReturnType<typeof originOf>): boolean => origin !== "others" && isWanted[origin];
  for (const arn of managedPolicyArns) {
    if (accountInArn(arn) !== accountId || arn === permissionsBoundaryArn) continue;
    const policy = await iam.getPolicy(arn, signal);
    if (policy.presence === "absent") continue;
    const { attachments, boundaries, description = "", ...facts } = policy;
    if (attachments !== 1 || boundaries > 0 || !isRead(originOf(facts.tags, tags))) continue;
    const scanned = policies?.get(arn);
    const isCurrent = scanned?.policyId === facts.policyId && scanned.defaultVersionId === facts.defaultVersionId;
    const { document, versionIds } = isCurrent ? scanned : await readVersions(arn, facts, iam, signal);
    found.push({ ...facts, description, document, versionIds, usedBy: [] });
  }
  return found;
}

async function readVersions(
  arn: string,
  { defaultVersionId }: Pick<ManagedPolicyFacts, "defaultVersionId">,
  iam: IamReader,
  signal: AbortSignal,
): Promise<Pick<ExportedOwnPolicy, "document" | "versionIds">> {
  const document = await iam.getPolicyVersion(arn, defaultVersionId, signal);
  return { document, versionIds: await iam.listPolicyVersions(arn, signal) };
}

/**
 * Reads a role with every inline policy document; undefined when it does not exist.
 *
 * Errors: those of the reader.
 */
export async function readWholeRole(
  roleName: string,
  iam: IamReader,
  signal: AbortSignal,
): Promise<ObservedRole | undefined> {
  const facts = await iam.getRole(roleName, signal);
  if (facts.presence === "absent") return undefined;
  const inlinePolicyNames = await iam.listRolePolicies(roleName, signal);
  const managedPolicyArns = await iam.listAttachedRolePolicies(roleName, signal);
  const inlinePolicyDocuments: Record<string, string> = {};
  for (const name of inlinePolicyNames) {
    const text = await iam.getRolePolicy(roleName, name, signal);
    if (text !== undefined) inlinePolicyDocuments[name] = text;
  }
  return { ...facts, inlinePolicyNames, managedPolicyArns, inlinePolicyDocuments };
}
