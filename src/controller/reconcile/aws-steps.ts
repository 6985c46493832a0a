import { type DriftMemory, describeChange } from "../../engine/drift/drift-memory.ts";
import { UNKNOWN } from "../../engine/observe/snapshot-index.ts";
import { partsOf } from "../../engine/observe/stale-observation.ts";
import type { Convergence } from "../../engine/reconcile/converge.ts";
import { observeAndPlan } from "../../engine/reconcile/observe-and-plan.ts";
import { type DesiredState, desiredState } from "../../model/desired-state.ts";
import { refusedByIam } from "../../plan/lint/lint.ts";
import type { Plan } from "../../plan/plan.ts";
import { isAnnounced } from "../../status/conditions-of.ts";
import type { Outcome } from "../../status/outcome.ts";
import { openRequest } from "../../status/summarize.ts";
import {
  type AccessSources,
  type AwsAccess,
  accessFor,
  convergeInOwnAccount,
  ownAccountOf,
  placeOf,
} from "../accounts/account-access.ts";
import { grantsOf, type OperatorGrants } from "../classes/class-binding.ts";
import type { StripAccess } from "../classes/strip.ts";
import { isUserWaiting } from "../urgency.ts";
import { type LiveObjectSources, preconditionOf } from "./live-object-check.ts";
import { asOutcome, attempt, attemptOf, handedOver } from "./outcomes.ts";
import { isInterruptedCreate, type Subject } from "./subject.ts";
import { logWrites } from "./telemetry.ts";

/** The dependencies of {@link AwsSteps}. */
export interface AwsStepsDependencies extends AccessSources, LiveObjectSources, OperatorGrants {
  /** Part of every owner tag: which cluster an entity belongs to. */
  readonly clusterId: string;
}

/** The outcome of a reconcile that ends before it reads AWS. */
export type BlockedOutcome = Extract<Outcome, { readonly kind: "refused" | "failed" }>;

/** The access of one reconcile. */
interface OpenAccess extends AwsAccess {
  /** True when only the parts that reported changes have touched are read; the rest stays unverified. */
  readonly isPartial: boolean;
}

/** The steps of a reconcile that call AWS. A failure of AWS is an outcome; a failure of the API server is raised. */
export class AwsSteps {
  readonly #deps: AwsStepsDependencies;

  constructor(deps: AwsStepsDependencies) {
    this.#deps = deps;
  }

  /**
   * Observes, plans and executes.
   *
   * @param provedMs when the API server last proved that the object is current
   */
  converge(subject: Subject, signal: AbortSignal, provedMs?: number): Promise<Outcome> {
    const isAnnouncedPlan = (plan: Plan): boolean => isAnnounced(subject.object, plan);
    const confirmed = preconditionOf(this.#deps, subject, provedMs);
    const known = handedOver(subject, this.#deps.clusterId);
    if (known !== undefined) return Promise.resolve(known);
    return attempt(signal, async () => {
      const desired = await this.#desired(subject, signal);
      const access = await this.#open(subject, signal, desired);
      const onWritten = logWrites(subject.run.logger);
      const deps = { ...access, isAnnounced: isAnnouncedPlan, precondition: confirmed, onWritten };
      const ownAccount = ownAccountOf(this.#deps.accounts, subject);
      const convergence = await convergeInOwnAccount(desired, deps, ownAccount, signal);
      const repairedChanges = recordDrift(access.drift, subject, convergence);
      return asOutcome(convergence, { repairedChanges, isPartial: access.isPartial });
    });
  }

  /** Observes and plans. */
  preview(subject: Subject, signal: AbortSignal): Promise<Outcome> {
    const known = handedOver(subject, this.#deps.clusterId);
    if (known !== undefined) return Promise.resolve(known);
    return attempt(signal, async () => {
      const desired = await this.#desired(subject, signal);
      const access = await this.#open(subject, signal, desired);
      const { view, plan, visibleInMs, lag } = await observeAndPlan(desired, { ...access, isForecast: true }, signal);
      return { kind: "previewed", plan, observed: view, visibleInMs, lag };
    });
  }

  /**
   * For an outcome that was reached without reading AWS: adds what an interrupted create has left there, so that status names it
   * and no other change of the object makes the controller forget it.
   */
  async withFound(subject: Subject, outcome: BlockedOutcome, signal: AbortSignal): Promise<Outcome> {
    if (!isInterruptedCreate(subject.object)) return outcome;
    const preview = await this.preview(subject, signal);
    return preview.kind === "previewed" ? { ...outcome, found: preview.observed } : outcome;
  }

  /** The failure to open the object's account; undefined when the account is accessible. */
  unreachable(subject: Subject, signal: AbortSignal): Promise<Outcome | undefined> {
    return attempt<Outcome | undefined>(signal, async () => {
      await this.#open(subject, signal);
      return undefined;
    });
  }

  /** Learns what the variable `{account}` stands for in objects without a class; the failure to do so, or undefined. */
  learnOwnAccount(signal: AbortSignal): Promise<Outcome | undefined> {
    return attempt<Outcome | undefined>(signal, async () => {
      await this.#deps.accounts.learnOwnId(signal);
      return undefined;
    });
  }

  /** Opens the access for a strip. */
  async openForStrip(subject: Subject, signal: AbortSignal): Promise<StripAccess> {
    return { ...(await this.#open(subject, signal)), precondition: preconditionOf(this.#deps, subject) };
  }

  /** Only the ARNs of the object's own managed policies depend on the account. */
  async #desired({ object, binding }: Subject, signal: AbortSignal): Promise<DesiredState> {
    const grants = grantsOf(binding, this.#deps);
    if (object.spec.managedPolicies.length === 0) return desiredState(object, this.#deps.clusterId, grants);
    const place = await placeOf(this.#deps.accounts, binding, signal);
    return desiredState(object, this.#deps.clusterId, { ...grants, place });
  }

  /**
   * @param desired the state that the reconcile starts from; unset: nothing is observed, so no starting point is used
   *   up
   */
  async #open(subject: Subject, signal: AbortSignal, desired?: DesiredState): Promise<OpenAccess> {
    const { key, object, binding, run, isNew = false } = subject;
    const { urgency } = run;
    const access = await accessFor(this.#deps, { binding, urgency }, signal);
    const { index, drift, breaker } = access;
    const { uid, generation } = object.metadata;
    const isRequested = openRequest(object) !== undefined;
    const query = { key, uid, generation, isNew, isUserWaiting: isRequested || isUserWaiting(urgency) };
    const start = desired === undefined ? UNKNOWN : drift.startingPoint(query, index.startingPoint(desired, query));
    const isPartial = urgency === "drift" && start.kind === "observed";
    const lastChange = (): string | undefined => {
      const change = drift.lastChange(key);
      return change && describeChange(change);
    };
    const attempts = breaker.of(key, attemptOf(object), lastChange);
    return { ...access, start, isPartial, attempts, isRequested, refusedByIam: () => refusedByIam(object) };
  }
}

/**
 * Records what a reconcile has observed as the state from which reported changes are verified, and returns who made the changes that it
 * has repaired.
 */
function recordDrift(
  drift: DriftMemory,
  { key, object }: Pick<Subject, "key" | "object">,
  { report, after, isAnnouncement }: Convergence,
): readonly string[] {
  if (report.failed === undefined && !isAnnouncement) drift.recordState(key, object.metadata, after);
  else drift.forgetState(key);
  if (report.applied.length === 0) return [];
  const parts = partsOf(report.applied.map(({ action }) => action));
  return drift.repaired(key, parts).map(describeChange);
}
