import type { DesiredPresent } from "../../model/desired-state.ts";
import { isHandedOverTo } from "../../model/hand-over.ts";
import { nameKey, sameName } from "../../model/naming.ts";
import { ABSENT, type Absent, type ObservedRole, type ObservedState } from "../../model/observed-state.ts";
import { type Action, type IamAction, isInstanceAction } from "../../plan/action.ts";
import { managesRole } from "../../plan/after-hand-over.ts";
import type { Plan } from "../../plan/plan.ts";
import { entitiesOf, type OwnPolicyEntity } from "../../plan/proof.ts";
import { profileTagsAtCreation } from "../../plan/role/diff-instance-profile.ts";
import type { IamReader, ReportedPolicy } from "../ports.ts";
import type { AccountSnapshot } from "./account-snapshot.ts";
import { observe, observePolicy, reportedPolicies } from "./observe-iam.ts";

/** A part of an object's observed state that one request reads. */
export type Part = "role" | "managed policies" | "instance profile" | `inline policy ${string}` | OwnPolicyEntity;

/** What must be read again before a write that is based on a stale observation. */
export type PartsToReread = "everything" | ReadonlySet<Part>;

/** The observed state of an object by an account scan. */
export interface StaleObservation {
  readonly observed: ObservedState;
  readonly toReread: PartsToReread;
  /** The create may have been interrupted: the object has its finalizer, but no status was ever reported. */
  readonly isOfInterruptedCreate?: boolean;
}

/**
 * The observed state of an object from a snapshot. The tags of its instance profile, which no list contains, are
 * assumed to be in sync.
 */
export function observedIn(snapshot: AccountSnapshot, desired: DesiredPresent): ObservedState {
  const { role, instanceProfile } = desired;
  const profile = snapshot.instanceProfiles.get(nameKey(instanceProfile.instanceProfileName));
  const found = reported(snapshot.roles.get(nameKey(role.roleName)), desired);
  const managedPolicies = reportedPolicies(desired, found, snapshot.policies ?? NO_POLICIES);
  return {
    ...(managedPolicies.length > 0 && { managedPolicies }),
    role: found,
    instanceProfile: profile === undefined ? ABSENT : { ...profile, tags: profileTagsAtCreation(desired) },
  };
}

const NO_POLICIES: ReadonlyMap<string, ReportedPolicy> = new Map();

/** The role from a snapshot. Names of inline policies match in any case, as in IAM. */
export function reported(
  role: ObservedRole | undefined,
  { role: { inlinePolicies } }: DesiredPresent,
): ObservedRole | Absent {
  if (role === undefined) return ABSENT;
  const wanted = inlinePolicies.flatMap(({ policyName }) => {
    const found = role.inlinePolicyNames.find((name) => sameName(name, policyName));
    const document = found === undefined ? undefined : role.inlinePolicyDocuments[found];
    return document === undefined ? [] : [[policyName, document] as const];
  });
  if (wanted.length === 0) return role;
  return { ...role, inlinePolicyDocuments: { ...role.inlinePolicyDocuments, ...Object.fromEntries(wanted) } };
}

/**
 * What must be read again before the plan's writes: the parts that they concern, and the role, whose tags show whether another cluster has
 * adopted all of it; or everything for a plan with blockers.
 */
export function partsToReread({ actions, blockers }: Plan, desired: DesiredPresent): PartsToReread {
  if (blockers.length > 0) return "everything";
  const ofOwner: readonly Part[] = actions.length > 0 && managesRole(desired) ? ["role"] : [];
  return new Set([...partsOf(actions), ...ofOwner]);
}

/** True when everything that must be read again was read. */
export function isCovered(wanted: PartsToReread, read: PartsToReread): boolean {
  if (read === "everything") return true;
  return wanted !== "everything" && [...wanted].every((part) => read.has(part));
}

/**
 * The parts that the writes concern, and those that prove ownership of what is written: the role by its tags and id,
 * the instance profile by its tags. An association gives the profile to an instance, so it needs that proof too.
 */
export function partsOf(actions: readonly Action[]): ReadonlySet<Part> {
  return new Set(actions.flatMap((action) => (isInstanceAction(action) ? ["instance profile"] : partsOfIam(action))));
}

function partsOfIam(action: IamAction): readonly Part[] {
  if ("policyName" in action) return ["role", `inline policy ${action.policyName}`];
  const attachments: readonly Part[] = "policyArn" in action ? ["managed policies"] : [];
  return [...entitiesOf(action), ...attachments];
}

/**
 * The observed state with the parts read again: one request for each part, or those of {@link observe}. If the role is gone or has
 * another unique id than in the scan, everything else is read too, because the parts that were not read again belong to the
 * former role. So it is for a role to be adopted from another cluster: no scan shows the instance profiles that hold it.
 */
export async function reread(
  { observed, toReread, isOfInterruptedCreate }: StaleObservation,
  desired: DesiredPresent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<ObservedState> {
  if (toReread === "everything") return observe(desired, iam, signal);
  const { role, instanceProfile } = observed;
  // CreateInstanceProfile refuses where there is one.
  const isCreated = isOfInterruptedCreate === true && instanceProfile.presence === "absent";
  const parts = [...toReread].filter((part) => part !== "instance profile" || !isCreated);
  if (parts.length === 0) return observed;
  if (role.presence === "absent") return observe(desired, iam, signal);
  let state: StateWithRole = { ...observed, role };
  // Before its parts, which else may be those of another role.
  if (toReread.has("role")) {
    const facts = await iam.getRole(desired.role.roleName, signal);
    const isSame = facts.presence === "present" && facts.roleId === role.roleId;
    if (!isSame || isHandedOverTo(desired, facts.tags)) return observe(desired, iam, signal, undefined, facts);
    state = { ...state, role: { ...role, ...facts } };
  }
  for (const part of parts) if (part !== "role") state = await rereadPart(part, state, desired, iam, signal);
  return state;
}

type StateWithRole = ObservedState & { readonly role: ObservedRole };

async function rereadPart(
  part: Exclude<Part, "role">,
  state: StateWithRole,
  desired: DesiredPresent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<StateWithRole> {
  const { role } = state;
  const { roleName } = desired.role;
  switch (part) {
    case "managed policies": {
      const managedPolicyArns = await iam.listAttachedRolePolicies(roleName, signal);
      return { ...state, role: { ...role, managedPolicyArns } };
    }
    case "instance profile": {
      const instanceProfile = await iam.getInstanceProfile(desired.instanceProfile.instanceProfileName, signal);
      return { ...state, instanceProfile };
    }
    default: {
      if (part.startsWith(OWN_POLICY)) return rereadPolicy(part.slice(OWN_POLICY.length), state, desired, iam, signal);
      const policyName = part.slice("inline policy ".length);
      return { ...state, role: withPolicy(role, policyName, await iam.getRolePolicy(roleName, policyName, signal)) };
    }
  }
}

const OWN_POLICY = "managed policy ";

async function rereadPolicy(
  arn: string,
  state: StateWithRole,
  desired: DesiredPresent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<StateWithRole> {
  const { managedPolicies = [], ...rest } = state;
  const now = await observePolicy(arn, desired, state.role, iam, signal);
  const all = [...managedPolicies.filter((policy) => policy.arn !== arn), ...(now === undefined ? [] : [now])];
  return all.length === 0 ? rest : { ...rest, managedPolicies: all.sort((a, b) => (a.arn < b.arn ? -1 : 1)) };
}

function withPolicy(role: ObservedRole, policyName: string, document: string | undefined): ObservedRole {
  const others = role.inlinePolicyNames.filter((name) => !sameName(name, policyName));
  const { [policyName]: _, ...documents } = role.inlinePolicyDocuments;
  if (document === undefined) return { ...role, inlinePolicyNames: others, inlinePolicyDocuments: documents };
  const there = role.inlinePolicyNames.find((name) => sameName(name, policyName)) ?? policyName;
  return {
    ...role,
    inlinePolicyNames: [...others, there].sort(),
    inlinePolicyDocuments: { ...documents, [policyName]: document },
  };
}
