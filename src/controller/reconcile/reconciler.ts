import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError, TerminalError } from "../../errors.ts";
import { hasTrace } from "../../model/ownership.ts";
import type { Action } from "../../plan/action.ts";
import { deletedEvents, noteEvents, retainedEvent } from "../../status/events.ts";
import type { Outcome, ReportedObject } from "../../status/outcome.ts";
import type { Requeue } from "../../status/requeue.ts";
import { observationIn } from "../../status/result.ts";
import { isVerified } from "../../status/result-table.ts";
import { inProvedAccount } from "../accounts/account-access.ts";
import { type AcceptanceDependencies, accept } from "../classes/acceptance.ts";
import { currentRecord } from "../classes/acceptance-record.ts";
import { accountKeyOf, blockersOf, refused, withLeftOut } from "../classes/class-binding.ts";
import { classReport } from "../classes/class-report.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import { FinalizerKeeper, hasFinalizer } from "../finalizer.ts";
import { digestOf, type ScanCoverageByAccount } from "../scan/scan-coverage.ts";
import { AwsSteps, type AwsStepsDependencies, type BlockedOutcome } from "./aws-steps.ts";
import { type CrdDeletion, DISCOVERY_LAG_MS } from "./crd-deletion.ts";
import {
  asReceived,
  deletionBlocked,
  explainDeleteConflict,
  isDeleteConflict,
  isGone,
  isReleasedAtOnce,
  type RunFacts,
} from "./outcomes.ts";
import type { OwnStatus } from "./own-status.ts";
import { skipReconcile, skipUnaffected } from "./skip-reconcile.ts";
import type { Report, StatusWriter } from "./status-writer.ts";
import { isAccepted, isInDeletion, parsed, readablePartsOf, type Subject, unreadable } from "./subject.ts";
import { failureFields } from "./telemetry.ts";

/** The dependencies of {@link Reconciler}. */
export interface ReconcilerDependencies extends AwsStepsDependencies, AcceptanceDependencies {
  /** The watch's cache, by `namespace/name`. */
  readonly cache: { get(key: string): KubeObject | undefined };
  /** The coverage of account scans. */
  readonly coverage: ScanCoverageByAccount;
  readonly classes: Omit<ClassResolver, "claimRules" | "classNameOf" | "accountOf">;
  readonly statusWriter: StatusWriter;
  readonly crdDeletion: Pick<CrdDeletion, "effectOn" | "crdName" | "forget">;
  /** The status of objects whose status another client has changed. */
  readonly ownStatus: Pick<OwnStatus, "withOwn" | "forget">;
}

const DONE: Requeue = { kind: "done" };
/** An object that is in deletion already does not change when its CRD is deleted, so the watch shows nothing. */
const CHECK_CRD_AGAIN: Requeue = { kind: "after", delayMs: 60_000 };

/**
 * Brings AWS in sync with one object and reports in its status: one status patch, none when nothing changed, and one more that
 * records the acceptance by a class.
 *
 * Assumptions: never called concurrently for one key. The process may stop after any request: the next reconcile starts
 * from the state of the API server and AWS.
 */
export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  readonly #aws: AwsSteps;
  readonly #finalizer: FinalizerKeeper;

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
    this.#aws = new AwsSteps(deps);
    this.#finalizer = new FinalizerKeeper(deps);
  }

  /** Reconciles the object of one key. Errors are reported in status and requeued; only a bug raises. */
  async reconcile(key: string, signal: AbortSignal, run: RunFacts): Promise<Requeue> {
    const raw = this.#deps.mutationCache.newest(key, this.#deps.cache.get(key));
    if (raw === undefined) {
      this.#forget(key);
      return DONE;
    }
    try {
      return await this.#reconcileObject(key, raw, signal, run);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      // The object changed meanwhile, or the API server is unavailable, so the status cannot be written.
      const level = error.disposition === "conflict" ? "info" : "warn";
      run.logger[level]("Reconciler error", { disposition: error.disposition, ...failureFields(error) });
      return { kind: "backoff" };
    }
  }

  async #reconcileObject(key: string, raw: KubeObject, signal: AbortSignal, run: RunFacts): Promise<Requeue> {
    const own = this.#deps.ownStatus.withOwn(key, raw);
    const received = asReceived(own);
    if (isInDeletion(received)) {
      // If another client removed the finalizer, the status still says what to delete.
      if (!hasFinalizer(received) && !hasTrace(received.status)) return DONE;
      const effect = await this.#deps.crdDeletion.effectOn(key, received.metadata.uid, signal);
      if (effect === "Retain") return this.#retain(key, received, run, signal);
      if (effect === "Unknown") return { kind: "after", delayMs: DISCOVERY_LAG_MS };
    }
    const object = parsed(own);
    if (object instanceof TerminalError) return this.#reportInvalid(key, raw, object, run, signal);
    const failure = this.#deps.classes.needsOwnAccount(own) ? await this.#aws.learnOwnAccount(signal) : undefined;
    const subject = await this.#correctAccount(this.#bindClass(key, raw, object, run), signal);
    if (isInDeletion(object)) return this.#reconcileDeleted(subject, signal);
    return this.#reconcilePresent(subject, signal, failure);
  }

  /** Releases an object that goes with its CRD. AWS stays as it is, whatever its spec, its class or its policy says. */
  async #retain(key: string, object: ReportedObject, { logger }: RunFacts, signal: AbortSignal): Promise<Requeue> {
    await this.#finalizer.remove(object, signal);
    this.#forget(key);
    const { crdName } = this.#deps.crdDeletion;
    const { accountId: awsAccount, role, instanceProfile } = object.status ?? {};
    const left = { awsAccount, role: role?.arn, instanceProfile: instanceProfile?.arn };
    logger.info("retained what the object has in AWS, because its CRD is being deleted", { crd: crdName, ...left });
    this.#deps.statusWriter.emit(object, retainedEvent(object, crdName));
    return DONE;
  }

  #bindClass(key: string, raw: KubeObject, object: InstanceProfile, run: RunFacts): Subject {
    const { classes, monotonicMs } = this.#deps;
    const judgedMs = monotonicMs();
    const binding = classes.bindingOf(object);
    return {
      key,
      raw,
      binding,
      object: binding.kind === "refused" ? classes.underRecordedTerms(object) : binding.object,
      classRevision: classes.revisionOf(object),
      judgedMs,
      run: { ...run, logger: run.logger.with({ generation: object.metadata.generation }) },
      coverage: this.#deps.coverage.of(accountKeyOf(binding)),
    };
  }

  /** Binds the object again if status names an account that the tags in AWS refute. */
  async #correctAccount(subject: Subject, signal: AbortSignal): Promise<Subject> {
    const { key, raw, object, binding, run } = subject;
    if (binding.kind !== "refused" || binding.moved === undefined) return subject;
    const proved = await inProvedAccount(this.#deps, object, binding.moved, signal);
    return proved === undefined ? subject : this.#bindClass(key, raw, proved, run);
  }

  /** Reconciles an object that is not in deletion. */
  async #reconcilePresent(found: Subject, signal: AbortSignal, failure?: Outcome): Promise<Requeue> {
    const subject = await this.#restoreFinalizer(found, signal);
    if (failure !== undefined) return this.#report(subject, failure, signal);
    const blockers = blockersOf(subject.binding);
    if (blockers.length > 0)
      return this.#report(subject, await this.#aws.withFound(subject, refused(blockers), signal), signal);
    if (subject.object.spec.suspend) return this.#report(subject, { kind: "suspended" }, signal);
    const skipped = skipReconcile(subject, this.#deps.statusWriter);
    if (skipped !== undefined) {
      // Scans cover the object, so that the status that the controller has reported is still right.
      await this.#deps.statusWriter.restore(subject, signal);
      return skipped;
    }
    const unaffected = await skipUnaffected(subject, this.#deps, signal);
    if (unaffected !== undefined) return unaffected;
    if (subject.object.spec.mode === "DryRun")
      return this.#report(subject, await this.#aws.preview(subject, signal), signal);
    if (hasFinalizer(subject.object) && isAccepted(subject))
      return this.#report(subject, await this.#aws.converge(subject, signal), signal);
    return this.#reconcileFirst(subject, signal);
  }

  /**
   * Reconciles an object that may have nothing in AWS yet: records it in the API server before the first write to AWS.
   */
  async #reconcileFirst(subject: Subject, signal: AbortSignal): Promise<Requeue> {
    // No finalizer while the account is not accessible: it would block the deletion of what has nothing in AWS.
    const unreachable = await this.#aws.unreachable(subject, signal);
    if (unreachable !== undefined) return this.#report(subject, unreachable, signal);
    const provedMs = this.#deps.monotonicMs(); // The guarded patches prove that the object is current.
    const finalized = await this.#finalizer.add(subject, signal);
    const accepted = isAccepted(finalized)
      ? finalized
      : { ...finalized, ...(await accept(this.#deps, finalized, signal)) };
    return this.#report(accepted, await this.#aws.converge(accepted, signal, provedMs), signal);
  }

  /** Reconciles an object in deletion. */
  async #reconcileDeleted(subject: Subject, signal: AbortSignal): Promise<Requeue> {
    const { object } = subject;
    // The controller writes nothing to AWS, as for a suspended object.
    if (isReleasedAtOnce(object)) return this.#finalize(subject, { kind: "suspended" }, signal);
    const blockers = blockersOf(subject.binding);
    if (blockers.length > 0) return this.#report(subject, refused(blockers), signal);
    if (object.spec.suspend) {
      const requeue = await this.#report(subject, { kind: "suspended" }, signal);
      return requeue.kind === "done" ? CHECK_CRD_AGAIN : requeue;
    }
    const outcome =
      object.spec.mode === "DryRun" ? await this.#aws.preview(subject, signal) : await this.#delete(subject, signal);
    return isGone(outcome, object) ? this.#finalize(subject, outcome, signal) : this.#report(subject, outcome, signal);
  }

  async #delete(subject: Subject, signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.#aws.converge(subject, signal);
    const notes = outcome.kind === "converged" ? noteEvents(outcome) : [];
    for (const event of notes) this.#deps.statusWriter.emit(subject.object, event);
    return isDeleteConflict(outcome)
      ? explainDeleteConflict(outcome, await this.#aws.preview(subject, signal))
      : outcome;
  }

  /**
   * Removes the finalizer once what stays in AWS complies with the class, because nothing can revoke access afterwards.
   */
  async #finalize(subject: Subject, outcome: Outcome, signal: AbortSignal): Promise<Requeue> {
    const report = await this.#withinClass(subject, outcome, signal);
    if (report.outcome.kind === "failed") return this.#write(subject, report, signal);
    const applied = outcome.kind === "converged" ? outcome.applied : [];
    return this.#release(subject, [...applied, ...(report.compliance?.revoked ?? [])], signal);
  }

  async #release({ key, object }: Subject, applied: readonly Action[], signal: AbortSignal): Promise<Requeue> {
    const hadFinalizer = await this.#finalizer.remove(object, signal);
    this.#forget(key);
    const events = hadFinalizer || applied.length > 0 ? deletedEvents(object, applied) : [];
    for (const event of events) this.#deps.statusWriter.emit(object, event);
    return DONE;
  }

  /** Reports an invalid spec. Changes nothing in AWS, except that it revokes access that the class does not allow. */
  async #reportInvalid(
    key: string,
    raw: KubeObject,
    error: TerminalError,
    run: RunFacts,
    signal: AbortSignal,
  ): Promise<Requeue> {
    const received = asReceived(this.#deps.ownStatus.withOwn(key, raw));
    const isBeingDeleted = isInDeletion(received);
    if (isBeingDeleted && !hasFinalizer(received)) return DONE;
    const current = isBeingDeleted ? raw : await this.#finalizer.restore(raw, received, signal);
    const failed: BlockedOutcome = { kind: "failed", error: isBeingDeleted ? deletionBlocked(error) : error };
    const own = { ...current, status: received.status };
    const object = asReceived(own);
    const readable = readablePartsOf(own);
    const report =
      readable === undefined
        ? { outcome: failed }
        : await this.#withReadable(unreadable(this.#bindClass(key, current, readable, run), error), failed, signal);
    const reported = { raw: current, object, logger: run.logger };
    return (await this.#deps.statusWriter.report(reported, report, signal)).requeue;
  }

  async #withReadable(subject: Subject, failed: BlockedOutcome, signal: AbortSignal): Promise<Report> {
    return this.#withinClass(subject, await this.#aws.withFound(subject, failed, signal), signal);
  }

  async #report(subject: Subject, outcome: Outcome, signal: AbortSignal): Promise<Requeue> {
    return this.#write(
      subject,
      await this.#withinClass(subject, withLeftOut(outcome, subject.binding), signal),
      signal,
    );
  }

  async #write({ key, raw, object, run, coverage }: Subject, report: Report, signal: AbortSignal): Promise<Requeue> {
    const reported = { raw, object, logger: run.logger };
    const { result, requeue } = await this.#deps.statusWriter.report(reported, report, signal);
    const digest = isVerified(result) ? digestOf(object, this.#deps.clusterId) : undefined;
    coverage.reconciled(key, digest, observationIn(result)?.isPartial);
    return coverage.inTime(key, requeue);
  }

  async #withinClass(subject: Subject, outcome: Outcome, signal: AbortSignal): Promise<Report> {
    const open = () => this.#aws.openForStrip(subject, signal);
    const report = await classReport(this.#deps, subject, outcome, open, signal);
    return { ...report, accepted: currentRecord(subject.binding) };
  }

  async #restoreFinalizer(subject: Subject, signal: AbortSignal): Promise<Subject> {
    const raw = await this.#finalizer.restore(subject.raw, subject.object, signal);
    if (raw === subject.raw) return subject;
    return { ...subject, raw, object: { ...subject.object, metadata: parseInstanceProfile(raw).metadata } };
  }

  #forget(key: string): void {
    this.#deps.statusWriter.forget(key);
    this.#deps.ownStatus.forget(key);
    this.#deps.crdDeletion.forget(key);
    this.#deps.coverage.forget(key);
    for (const { breaker, index, drift } of this.#deps.accounts.opened)
      for (const memory of [breaker, index, drift]) memory.forget(key);
  }
}
