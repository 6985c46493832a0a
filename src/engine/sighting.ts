import type { DesiredPresent } from "../model/desired-state.ts";
import { nameKey, sameName } from "../model/naming.ts";
import { ABSENT, type Absent, type ObservedRole, type ObservedState } from "../model/observed-state.ts";
import type { Action, IamAction } from "../plan/action.ts";
import { profileTagsAtCreation } from "../plan/diff-instance-profile.ts";
import { isInstanceAction } from "../plan/instance-action.ts";
import type { Plan } from "../plan/plan.ts";
import { entitiesOf } from "../plan/proof.ts";
import type { AccountSnapshot } from "./account-snapshot.ts";
import { observe } from "./observe.ts";
import type { IamReader } from "./ports.ts";

/** A part of an object's AWS side that one read shows. */
export type Part = "role" | "managed policies" | "instance profile" | `inline policy ${string}`;

/** What of a sighting has to be seen once more before anything is written on its account. */
export type Doubt = "everything" | ReadonlySet<Part>;

/** An object's AWS side as a sweep saw it. */
export interface Sighting {
  readonly observed: ObservedState;
  readonly doubt: Doubt;
  /** A former process may have begun with the object, and none has told its status since. */
  readonly isOfBegun?: boolean;
}

/**
 * The object's side of a snapshot. The tags of its profile, which no list tells, are taken to be as they should: what a
 * sweep can see nothing of, it shall not call different.
 */
export function observedIn(snapshot: AccountSnapshot, desired: DesiredPresent): ObservedState {
  const { role, instanceProfile } = desired;
  const profile = snapshot.instanceProfiles.get(nameKey(instanceProfile.instanceProfileName));
  return {
    role: reported(snapshot.roles.get(nameKey(role.roleName)), desired),
    instanceProfile: profile === undefined ? ABSENT : { ...profile, tags: profileTagsAtCreation(desired) },
  };
}

/** A role as a snapshot has it. IAM finds an inline policy by its name in any letters; so must who looks for it in a list. */
export function reported(
  role: ObservedRole | undefined,
  { role: { inlinePolicy } }: DesiredPresent,
): ObservedRole | Absent {
  if (role === undefined) return ABSENT;
  const wanted = inlinePolicy?.policyName;
  const there = role.inlinePolicyNames.find((name) => wanted !== undefined && sameName(name, wanted));
  const document = there === undefined ? undefined : role.inlinePolicyDocuments[there];
  if (wanted === undefined || document === undefined) return role;
  return { ...role, inlinePolicyDocuments: { ...role.inlinePolicyDocuments, [wanted]: document } };
}

/** What has to be looked at again before the plan's writes: the parts that they are about, or all before anything is blocked. */
export function doubtOf({ actions, blockers }: Plan): Doubt {
  return blockers.length > 0 ? "everything" : partsOf(actions);
}

/** Nothing is in doubt that was not looked at. */
export function isResolved(doubt: Doubt, looked: Doubt): boolean {
  if (looked === "everything") return true;
  return doubt !== "everything" && [...doubt].every((part) => looked.has(part));
}

/**
 * The parts that the writes are about, and those that prove ownership of what is written: the role by its tags and id, the instance
 * profile by its tags. A profile that is associated with an instance is handed out, so it is proved too.
 */
export function partsOf(actions: readonly Action[]): ReadonlySet<Part> {
  return new Set(actions.flatMap((action) => (isInstanceAction(action) ? ["instance profile"] : partsOfIam(action))));
}

function partsOfIam(action: IamAction): readonly Part[] {
  if ("policyName" in action) return ["role", `inline policy ${action.policyName}`];
  return "policyArn" in action ? ["role", "managed policies"] : entitiesOf(action);
}

/**
 * The observed state with the doubtful parts read again: no call, one for each, or all of {@link observe}. Another role in
 * place of the one that the scan saw, by its unique id, makes everything doubtful: what was not read again is of the former one.
 */
export async function confirm(
  { observed, doubt, isOfBegun }: Sighting,
  desired: DesiredPresent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<ObservedState> {
  if (doubt === "everything") return observe(desired, iam, signal);
  let seen = observed;
  for (const part of doubt) {
    const { role, instanceProfile } = seen;
    // CreateInstanceProfile refuses where there is one.
    if (part === "instance profile" && isOfBegun && instanceProfile.presence === "absent") continue;
    const now =
      role.presence === "absent" ? undefined : await confirmPart(part, { ...seen, role }, desired, iam, signal);
    if (now === undefined) return observe(desired, iam, signal);
    seen = now;
  }
  return seen;
}

/** Undefined when the role is another one. */
async function confirmPart(
  part: Part,
  seen: ObservedState & { readonly role: ObservedRole },
  desired: DesiredPresent,
  iam: IamReader,
  signal: AbortSignal,
): Promise<ObservedState | undefined> {
  const { role } = seen;
  const { roleName } = desired.role;
  switch (part) {
    case "role": {
      const facts = await iam.getRole(roleName, signal);
      const isSame = facts.presence === "present" && facts.roleId === role.roleId;
      return isSame ? { ...seen, role: { ...role, ...facts } } : undefined;
    }
    case "managed policies": {
      const managedPolicyArns = await iam.listAttachedRolePolicies(roleName, signal);
      return { ...seen, role: { ...role, managedPolicyArns } };
    }
    case "instance profile": {
      const instanceProfile = await iam.getInstanceProfile(desired.instanceProfile.instanceProfileName, signal);
      return { ...seen, instanceProfile };
    }
    default: {
      const policyName = part.slice("inline policy ".length);
      return { ...seen, role: withPolicy(role, policyName, await iam.getRolePolicy(roleName, policyName, signal)) };
    }
  }
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
