import type { DesiredPresent, DesiredState } from "../../model/desired-state.ts";
import type { ObservedState } from "../../model/observed-state.ts";
import type { Action } from "../../plan/action.ts";
import { diff } from "../../plan/diff.ts";
import {
  type Blocker,
  type FieldBlocker,
  INVALID_POLICY,
  type Lag,
  type Plan,
  unseenBetween,
} from "../../plan/plan.ts";
import { quotaBlockers, tagBlockers } from "../../plan/quota-blockers.ts";
import { type InstanceObservation, observeInstances } from "../observe/observe-instances.ts";
import { type MissingPolicy, missingPolicies, type PolicyVerifier, policyArnsIn } from "../observe/policy-existence.ts";
import type { QuotaSource } from "../observe/quota-cache.ts";
import { type OverlaidState, RecentWrites } from "../observe/recent-writes.ts";
import type { RequiredBoundary } from "./required-boundary.ts";

/** A plan and the state that it was computed from. */
export interface Planned {
  /** As read. */
  readonly observed: ObservedState;
  /** As read, with the recent writes laid over it. */
  readonly view: ObservedState;
  readonly plan: Plan;
  /** How long until the last recent write must be visible; 0 when the reads do not contradict the recent writes. */
  readonly visibleInMs: number;
  /** Unset when the reads do not contradict the recent writes. */
  readonly lag?: Lag | undefined;
  /** The instance profile was not read, so the first write of the plan must show that it holds the role. */
  readonly presumesProfile?: true;
}

/** The dependencies of {@link planFor}. */
export interface PlanDependencies {
  /** The controller's own recent writes; unset: none. */
  readonly recentWrites?: RecentWrites;
  readonly instances: InstanceObservation;
  /** The account's quotas; unset: unknown, so that only IAM enforces them. */
  readonly quotas?: QuotaSource;
  /** The permissions boundary that the class sets on its roles; unset: none. */
  readonly boundary?: RequiredBoundary | undefined;
  /** Whether managed policies exist; unset: unknown, so that only IAM refuses those that do not. */
  readonly policies?: PolicyVerifier;
  /** Blockers for what IAM rejects of the spec in every account. Called only for a plan that writes a policy; unset: none. */
  readonly refusedByIam?: () => readonly FieldBlocker[];
  /** A user has requested the reconcile, which shortens the propagation window. */
  readonly isRequested?: boolean;
  /** The plan is shown and not executed, as by `plan` and DryRun, so that a policy which IAM rejects always blocks it. */
  readonly isForecast?: boolean;
}

/** The maximum age of quotas that block a plan: another client may have freed some since the last scan. */
const QUOTAS_MAX_AGE_MS = 60_000;

/**
 * The planning pipeline of the controller, DryRun and the command `plan`: observed state → recent writes → instances →
 * diff with ownership → what IAM rejects in every account → quotas. A plan that is known to fail half-way has blockers,
 * so that none of it is written.
 *
 * Errors: those of reading instances and quotas.
 */
export async function planFor(
  desired: DesiredState,
  observed: ObservedState,
  deps: PlanDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  const found = await planOverlaid(desired, observed, deps, signal);
  const blockers = await furtherBlockers(desired, found, deps, signal);
  if (blockers.length === 0) return found;
  return { ...found, plan: { ...found.plan, actions: writesBefore(blockers, desired, found.plan), blockers } };
}

/** Plans from the observed state with the recent writes laid over it, as long as reads that contradict them may lag. */
async function planOverlaid(
  desired: DesiredState,
  observed: ObservedState,
  deps: PlanDependencies,
  signal: AbortSignal,
): Promise<Planned> {
  const { recentWrites = NO_WRITES, instances } = deps;
  const overlaid = recentWrites.overlay(desired, observed);
  const view = await observeInstances(desired, overlaid.state, instances, signal);
  const plan = diff(desired, view);
  const isUnproved = overlaid.hasUnconfirmedCreate && desired.presence === "absent";
  const unprovedMs = isUnproved ? overlaid.visibleInMs : 0;
  const lag = lagOf(desired, { plan, read: { ...view, ...observed }, overlaid }, deps);
  if (lag === undefined) return { observed, view, plan, visibleInMs: unprovedMs };
  const lagMs = lag.untilMs - overlaid.atMs;
  if (lagMs > 0) return { observed, view, plan, visibleInMs: Math.max(lagMs, unprovedMs), lag };
  const counted = await observeInstances(desired, observed, instances, signal);
  return { observed, view: counted, plan: diff(desired, counted), visibleInMs: 0 };
}

/** For plans of what this process has not written. */
const NO_WRITES = new RecentWrites({ windowMs: 0, monotonicMs: () => 0 });

/** A plan from the state with the recent writes laid over it, and the state as it was read. */
interface Overlaid {
  readonly plan: Plan;
  readonly read: ObservedState;
  readonly overlaid: OverlaidState;
}

/** The lag of what was read, and until when it is believed; undefined when the read shows all recent writes. */
function lagOf(
  desired: DesiredState,
  { plan, read, overlaid: { atMs, lagsUntilMs } }: Overlaid,
  { recentWrites = NO_WRITES, isRequested = false }: PlanDependencies,
): Lag | undefined {
  const { uid } = desired.owner;
  const asRead = lagsUntilMs === undefined ? plan : diff(desired, read);
  const unseen = unseenBetween(plan, asRead);
  if (unseen === undefined || lagsUntilMs === undefined) {
    recentWrites.contradictions.end(uid);
    return undefined;
  }
  // What is not visible yet must not pass for deleted: only the window proves that.
  const mayShorten = isRequested && desired.presence === "present";
  const contradiction = { uid, shown: JSON.stringify(asRead), atMs, lagsUntilMs, isRequested: mayShorten };
  return { unseen, untilMs: recentWrites.contradictions.record(contradiction) };
}

/**
 * Blocks a plan that sets a missing boundary on a role: it would remove permissions first, and then fail to grant the
 * new ones.
 */
function boundaryBlockers({ actions }: Plan, boundary: RequiredBoundary | undefined): readonly Blocker[] {
  const fault = boundary?.fault;
  if (fault === undefined || !actions.some((action) => boundary?.isSetBy(action))) return [];
  return [{ reason: fault.reason, message: fault.message }];
}

/**
 * Blockers for writes that are known to fail although the object owns what it writes; empty for a plan that writes
 * nothing or is blocked already.
 */
async function furtherBlockers(
  desired: DesiredState,
  { plan, view }: Pick<Planned, "plan" | "view">,
  deps: PlanDependencies,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  const { quotas, boundary } = deps;
  const missing = boundaryBlockers(plan, boundary);
  if (missing.length > 0) return [...plan.blockers, ...missing];
  if (desired.presence === "absent" || plan.actions.length === 0 || plan.blockers.length > 0) return [];
  const missingOnes = await missingPolicyBlockers(desired, plan, deps, signal);
  const refused = [...invalidPolicyBlockers(plan, deps), ...missingOnes, ...tagBlockers(plan, view)];
  if (refused.length > 0 || quotas === undefined) return refused;
  if (quotaBlockers(desired, plan, await quotas.known(signal)).length === 0) return [];
  return quotaBlockers(desired, plan, await quotas.refresh(QUOTAS_MAX_AGE_MS, signal));
}

/**
 * Blocks the creation of a role without the policy that IAM rejects. The plan for a role that exists is executed: it sets the boundary
 * and removes access before it writes the policy, and an invalid policy must not put that off.
 */
function invalidPolicyBlockers(
  { actions }: Plan,
  { refusedByIam, isForecast = false }: PlanDependencies,
): readonly FieldBlocker[] {
  const kinds = new Set(actions.map(({ kind }) => kind));
  const isCreation = kinds.has("CreateRole");
  const writesTrust = isCreation || kinds.has("UpdateAssumeRolePolicy");
  const writesOthers = isCreation || POLICY_WRITES.some((kind) => kinds.has(kind));
  if (!(isForecast || isCreation) || !(writesTrust || writesOthers)) return [];
  const refused = refusedByIam?.() ?? [];
  return refused.filter(({ path }) => (path.startsWith("spec.trust") ? writesTrust : writesOthers));
}

const POLICY_WRITES: readonly Action["kind"][] = ["PutRolePolicy", "CreatePolicy", "CreatePolicyVersion"];

/** As {@link invalidPolicyBlockers}, for managed policies that do not exist. */
async function missingPolicyBlockers(
  desired: DesiredPresent,
  { actions }: Plan,
  { policies, boundary, isForecast = false }: PlanDependencies,
  signal: AbortSignal,
): Promise<readonly FieldBlocker[]> {
  const isCreation = actions.some(({ kind }) => kind === "CreateRole");
  if (policies === undefined || !(isForecast || isCreation)) return [];
  return missingPolicies(desired, actions, { policies, boundary }, signal);
}

/**
 * The writes of a blocked plan that are made nevertheless: the controller narrows a role that exists before IAM refuses a policy. Empty
 * for every other blocker.
 */
function writesBefore(blockers: readonly Blocker[], desired: DesiredState, { actions }: Plan): readonly Action[] {
  const [{ reason, path = "", policyArn }] = blockers as readonly [Partial<MissingPolicy> & Blocker];
  if (desired.presence === "absent" || actions.some(({ kind }) => kind === "CreateRole")) return [];
  if (policyArn !== undefined) return until(actions, (action) => policyArnsIn(action).includes(policyArn));
  if (reason !== INVALID_POLICY) return [];
  const { trustPolicy, inlinePolicies } = desired.role;
  const policies = [...inlinePolicies, ...desired.managedPolicies].map(({ document }) => document);
  const refused = path.startsWith("spec.trust") ? [trustPolicy] : policies;
  const texts = refused.map(({ text }) => text);
  return until(actions, (action) => "document" in action && texts.includes(action.document));
}

function until(actions: readonly Action[], isRefused: (action: Action) => boolean): readonly Action[] {
  const end = actions.findIndex(isRefused);
  return end === -1 ? [] : actions.slice(0, end);
}
