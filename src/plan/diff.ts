import type { DesiredPresent, DesiredState } from "../model/desired-state.ts";
import type { ObservedState } from "../model/observed-state.ts";
import type { Action } from "./action.ts";
import { planHandOver } from "./hand-over.ts";
import { diffInstances } from "./instances/diff-instances.ts";
import { verifyOwnership } from "./ownership-guard.ts";
import type { Blocker, Note, Plan } from "./plan.ts";
import { oversizeBlockers } from "./quota-blockers.ts";
import { diffAbsent } from "./role/diff-absent.ts";
import { createInstanceProfile, updateInstanceProfile } from "./role/diff-instance-profile.ts";
import { diffManagedPolicies, NO_POLICY_CHANGES, type PolicyChanges } from "./role/diff-managed-policies.ts";
import { createRole, unmanagedPolicies, updateRole } from "./role/diff-role.ts";
import { guardAdoption, guardExternalRole, guardInlinePolicy } from "./role/guard-role.ts";
import { ec2TrustNotes } from "./role/trust.ts";

/**
 * Computes the plan from the observed to the desired state: writes in order of creation, or in reverse order for a deletion. Pure and
 * total: no clock, no input or output, no exception.
 */
export function diff(desired: DesiredState, observed: ObservedState): Plan {
  const plan = desired.presence === "absent" ? diffAbsent(desired, observed) : diffPresent(desired, observed);
  return plan.blockers.length === 0 ? plan : { ...plan, actions: [] };
}

/** The writes to one entity, or the reasons why it must not be written. */
interface Part {
  readonly actions: readonly Action[];
  readonly blockers: readonly Blocker[];
  readonly notes?: readonly Note[];
}

function diffPresent(desired: DesiredPresent, observed: ObservedState): Plan {
  const oversize = oversizeBlockers(desired.oversize);
  if (oversize.length > 0) return { actions: [], blockers: oversize, unmanagedPolicies: [] };
  const { actions, last, after, blockers, notes, handedOverTo } = planHandOver(desired, observed);
  if (blockers.length > 0) {
    return { actions: [], blockers, unmanagedPolicies: [], ...(handedOverTo !== undefined && { handedOverTo }) };
  }
  const rest = diffOwned(desired, after);
  const allNotes = [...notes, ...(rest.notes ?? [])];
  return { ...rest, actions: [...actions, ...rest.actions, ...last], ...(allNotes.length > 0 && { notes: allNotes }) };
}

function diffOwned(desired: DesiredPresent, observed: ObservedState): Plan {
  const isManaged = desired.roleManagement === "managed";
  const policies = isManaged ? diffManagedPolicies(desired, observed) : NO_POLICY_CHANGES;
  const role = isManaged ? diffRole(desired, observed, policies) : guardExternalRole(desired, observed);
  const profile = diffInstanceProfile(desired, observed);
  const adoption = guardAdoption(desired, observed);
  const blockers = [...onceForBoth(role.blockers, profile.blockers), ...policies.blockers, ...adoption.blockers];
  const notes = [...(role.notes ?? []), ...adoption.notes, ...policies.notes, ...ec2TrustNotes(desired, role.actions)];
  return {
    actions: [...role.actions, ...profile.actions, ...(blockers.length > 0 ? [] : diffInstances(desired, observed))],
    blockers,
    unmanagedPolicies: unmanagedOn(desired, observed),
    ...(notes.length > 0 && { notes }),
  };
}

function unmanagedOn(desired: DesiredPresent, { role }: ObservedState): readonly string[] {
  return role.presence === "absent" || desired.roleManagement !== "managed" ? [] : unmanagedPolicies(desired, role);
}

function diffRole(desired: DesiredPresent, { role }: ObservedState, policies: PolicyChanges): Part {
  if (role.presence === "absent") return { actions: createRole(desired, policies), blockers: [] };
  const verdict = verifyOwnership(desired, role);
  if (verdict.kind === "refused") return { actions: [], blockers: [verdict.blocker] };
  const blockers = guardInlinePolicy(desired, role);
  return { actions: blockers.length > 0 ? [] : updateRole(desired, role, verdict.adopted, policies), blockers };
}

function diffInstanceProfile(desired: DesiredPresent, { instanceProfile }: ObservedState): Part {
  if (instanceProfile.presence === "absent") return { actions: createInstanceProfile(desired), blockers: [] };
  const verdict = verifyOwnership(desired, instanceProfile);
  if (verdict.kind === "refused") return { actions: [], blockers: [verdict.blocker] };
  return { actions: updateInstanceProfile(desired, instanceProfile, verdict.adopted), blockers: [] };
}

/** One blocker for role and instance profile when the same holds for both: another object owns them, for example. */
function onceForBoth(ofRole: readonly Blocker[], ofProfile: readonly Blocker[]): readonly Blocker[] {
  const [role, profile] = [ofRole[0], ofProfile[0]];
  const [name = ""] = /^role \S+(?= )/.exec(role?.message ?? "") ?? [];
  const [profileName = ""] = /^instance profile \S+(?= )/.exec(profile?.message ?? "") ?? [];
  if (role === undefined || profile === undefined || name === "" || role.reason !== profile.reason)
    return [...ofRole, ...ofProfile];
  const rest = role.message.slice(name.length);
  if (profile.message.slice(profileName.length) !== rest) return [...ofRole, ...ofProfile];
  return [{ ...role, message: `${name}, like ${profileName},${rest}` }];
}
