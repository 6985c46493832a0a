import type { InstanceProfile } from "../api/instance-profile.ts";
import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import type { Assertion, KubeObject } from "../engine/ports.ts";
import { preview } from "../engine/preview.ts";
import { ControllerError, TerminalError } from "../errors.ts";
import { desiredState } from "../model/desired-state.ts";
import { hasTrace } from "../model/trace.ts";
import type { Action } from "../plan/action.ts";
import { isInSync, type Plan } from "../plan/plan.ts";
import type { Requeue } from "../runtime/workers.ts";
import { deletedEvents, noteEvents } from "../status/events.ts";
import type { Outcome } from "../status/outcome.ts";
import { isAnnounced } from "../status/pending.ts";
import { accept } from "./accept.ts";
import { type AccessSources, type AwsAccess, accessFor, outOfReach } from "./aws-access.ts";
import { refused, withLeftOut } from "./class-compliance.ts";
import type { ClassDirectory } from "./class-directory.ts";
import { classReport } from "./class-report.ts";
import { type ConfirmationSources, confirmCurrent } from "./confirm-current.ts";
import { addFinalizerPatch, FINALIZER, hasFinalizer, removeFinalizerPatch } from "./finalizer.ts";
import { grantsOf } from "./grants.ts";
import { explained, isHeldUp } from "./held-up.ts";
import { convergeThere, ownAccountOf } from "./left-behind.ts";
import { keyText } from "./object-key.ts";
import type { OwnWrites } from "./own-writes.ts";
import { asOutcome, asReceived, attempt, attemptOf, hasEntities, logOutcome, type RunFacts } from "./pass.ts";
import type { Publisher, Report } from "./publisher.ts";
import { readablePartsOf } from "./readable-parts.ts";
import type { SightingsByAccount } from "./sightings-by-account.ts";
import { sparedLook } from "./spare.ts";
import { accountKeyOf, blockersOf } from "./standing.ts";
import { isAccepted, isInDeletion, type Subject, unreadable } from "./subject.ts";

/** What the reconciler works with. */
export interface ReconcilerDependencies extends AccessSources, ConfirmationSources {
  /** The watch's cache, by `namespace/name`. */
  readonly cache: { get(key: string): KubeObject | undefined };
  readonly ownWrites: OwnWrites;
  /** What sweeps have seen. */
  readonly sightings: SightingsByAccount;
  readonly classes: Pick<ClassDirectory, "standingOf" | "revisionOf" | "acceptances">;
  /** In milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly publisher: Publisher;
  /** Part of every owner tag: which cluster an entity belongs to. */
  readonly clusterId: string;
  /** Objects without a class may adopt; unset: they may not. */
  readonly allowsAdoption?: boolean;
}

const DONE: Requeue = { kind: "done" };

/**
 * Brings one object's AWS side in line, and tells its status: whatever happens, at most one status patch, and none when
 * nothing changed.
 *
 * Assumptions: never called twice at once for one key. Safe to be killed after any call: the next run starts from what the
 * API server and AWS show.
 */
export class Reconciler {
  readonly #deps: ReconcilerDependencies;

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
  }

  /** One key, start to finish. What goes wrong ends in status and requeue; only a bug raises. */
  async reconcile(key: string, signal: AbortSignal, run: RunFacts): Promise<Requeue> {
    const raw = this.#deps.ownWrites.newest(key, this.#deps.cache.get(key));
    if (raw === undefined) {
      this.#forget(key);
      return DONE;
    }
    try {
      return await this.#reconcileObject(key, raw, signal, run);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      // The object moved under us, or the API server is out of reach: there is nowhere to write it but the log.
      const level = error.disposition === "conflict" ? "info" : "warn";
      run.logger[level]("reconcile postponed", { reason: error.reason, error: error.message });
      return { kind: "backoff" };
    }
  }

  async #reconcileObject(key: string, raw: KubeObject, signal: AbortSignal, run: RunFacts): Promise<Requeue> {
    let object: InstanceProfile;
    try {
      object = parseInstanceProfile(raw);
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      return this.#refuse(key, raw, error, run, signal);
    }
    const subject = this.#judge(key, raw, object, run);
    if (!isInDeletion(object)) return this.#bringUp(subject, signal);
    // A finalizer that another client took off leaves the status, which says what is to be deleted.
    return hasFinalizer(object) || hasTrace(object.status) ? this.#takeDown(subject, signal) : DONE;
  }

  #judge(key: string, raw: KubeObject, object: InstanceProfile, run: RunFacts): Subject {
    const { classes, monotonicMs } = this.#deps;
    const judgedMs = monotonicMs();
    const standing = classes.standingOf(object);
    const sightings = this.#deps.sightings.of(accountKeyOf(standing));
    const sighting = sightings.take(key, object.metadata, run.urgency);
    return {
      key,
      raw,
      standing,
      object: standing.kind === "refused" ? object : standing.object,
      classRevision: classes.revisionOf(object),
      judgedMs,
      run: { ...run, logger: run.logger.with({ generation: object.metadata.generation }) },
      sightings,
      sighting,
      isNew: sighting?.isOfBegun,
    };
  }

  /** A spec that does not parse asks for nothing: report it, and change nothing in AWS but what the class does not allow. */
  async #refuse(
    key: string,
    raw: KubeObject,
    error: TerminalError,
    run: RunFacts,
    signal: AbortSignal,
  ): Promise<Requeue> {
    const received = asReceived(raw);
    const isGoing = isInDeletion(received);
    if (isGoing && !hasFinalizer(received)) return DONE;
    const held = isGoing ? raw : await this.#restoreFinalizer(raw, received, signal);
    const outcome: Outcome = { kind: "failed", error: isGoing ? deletionWaits(error) : error };
    const readable = readablePartsOf(held);
    const report =
      readable === undefined
        ? { outcome }
        : await this.#withinClass(unreadable(this.#judge(key, held, readable, run), error), outcome, signal);
    return this.#deps.publisher.publish(held, asReceived(held), report, signal);
  }

  async #bringUp(found: Subject, signal: AbortSignal): Promise<Requeue> {
    const subject = await this.#holdAgain(found, signal);
    const { spec } = subject.object;
    const blockers = blockersOf(subject.standing);
    if (blockers.length > 0) return this.#publish(subject, refused(blockers), signal);
    if (spec.suspend) return this.#publish(subject, { kind: "suspended" }, signal);
    const spared = subject.sighting === undefined ? sparedLook(subject, this.#deps.publisher) : undefined;
    if (spared !== undefined) return spared;
    if (spec.mode === "DryRun") return this.#publish(subject, await this.#tryPreview(subject, signal), signal);
    if (hasFinalizer(subject.object) && isAccepted(subject)) {
      return this.#publish(subject, await this.#tryConverge(subject, this.#confirmed(subject), signal), signal);
    }
    // What may never be reached is not held back.
    const unreached = await outOfReach(() => this.#accessFor(subject, signal), signal);
    if (unreached !== undefined) return this.#publish(subject, unreached, signal);
    const provedMs = this.#deps.monotonicMs(); // The guarded patches prove that the object was current.
    const held = hasFinalizer(subject.object) ? subject : await this.#addFinalizer(subject, signal);
    const accepted = isAccepted(held) ? held : { ...held, ...(await accept(this.#deps, held, signal)) };
    const pass = await this.#tryConverge(accepted, this.#confirmed(accepted, provedMs), signal);
    return this.#publish(accepted, pass, signal);
  }

  async #takeDown(subject: Subject, signal: AbortSignal): Promise<Requeue> {
    const { spec } = subject.object;
    if (spec.deletionPolicy === "Retain") return this.#letGo(subject, { kind: "suspended" }, signal);
    const blockers = blockersOf(subject.standing);
    if (blockers.length > 0) return this.#publish(subject, refused(blockers), signal);
    if (spec.suspend) return this.#publish(subject, { kind: "suspended" }, signal);
    if (spec.mode === "DryRun") {
      const look = await this.#tryPreview(subject, signal);
      const isGone = look.kind === "previewed" && look.settlesInMs === 0 && isInSync(look.plan);
      return isGone ? this.#letGo(subject, look, signal) : this.#publish(subject, look, signal);
    }
    const pass = await this.#tryConverge(subject, this.#confirmed(subject), signal);
    for (const event of noteEvents(pass)) this.#deps.publisher.emit(subject.object, event);
    if (isHeldUp(pass)) return this.#publish(subject, explained(pass, await this.#tryPreview(subject, signal)), signal);
    // AWS's reply to a deletion is proof enough: no second look.
    const isGone = pass.kind === "converged" && pass.failed === undefined && pass.plan.blockers.length === 0;
    if (isGone && pass.settlesInMs === 0) return this.#letGo(subject, pass, signal);
    return this.#publish(subject, pass, signal);
  }

  #confirmed(subject: Subject, provedMs?: number): Assertion {
    return confirmCurrent(this.#deps, subject, provedMs);
  }

  async #tryConverge(subject: Subject, confirmed: Assertion, signal: AbortSignal): Promise<Outcome> {
    const desired = desiredState(subject.object, this.#deps.clusterId, grantsOf(subject.standing, this.#deps));
    return attempt(signal, async () => {
      const access = await this.#accessFor(subject, signal);
      const announced = { isAnnounced: (plan: Plan) => isAnnounced(subject.object, plan) };
      const deps = { ...access, ...announced, confirmCurrent: confirmed };
      return asOutcome(await convergeThere(desired, deps, ownAccountOf(this.#deps.accounts, subject), signal));
    });
  }

  async #tryPreview(subject: Subject, signal: AbortSignal): Promise<Outcome> {
    const desired = desiredState(subject.object, this.#deps.clusterId, grantsOf(subject.standing, this.#deps));
    return attempt(signal, async () => {
      const { view, plan, settlesInMs } = await preview(desired, await this.#accessFor(subject, signal), signal);
      return { kind: "previewed", plan, observed: view, settlesInMs };
    });
  }

  async #accessFor({ key, object, standing, run, sighting, isNew }: Subject, signal: AbortSignal): Promise<AwsAccess> {
    const access = await accessFor(this.#deps, { standing, urgency: run.urgency ?? "change", isNew }, signal);
    return { ...access, sighting, attempts: access.breaker.of(key, attemptOf(object)) };
  }

  /**
   * Puts the finalizer back that another client took off: whatever else holds an object back, what it has in AWS must not outlive it
   * unseen.
   */
  async #holdAgain(subject: Subject, signal: AbortSignal): Promise<Subject> {
    const raw = await this.#restoreFinalizer(subject.raw, subject.object, signal);
    if (raw === subject.raw) return subject;
    return { ...subject, raw, object: { ...subject.object, metadata: parseInstanceProfile(raw).metadata } };
  }

  async #restoreFinalizer(
    raw: KubeObject,
    object: Pick<InstanceProfile, "metadata" | "status">,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    if (hasFinalizer(object) || !hasTrace(object.status)) return raw;
    const held = await this.#deps.objects.patch(object.metadata, addFinalizerPatch(object), signal);
    this.#deps.ownWrites.record(keyText(object.metadata), raw, held);
    return held;
  }

  async #addFinalizer(subject: Subject, signal: AbortSignal): Promise<Subject> {
    const { key, raw, object } = subject;
    const held = await this.#deps.objects.patch(object.metadata, addFinalizerPatch(object), signal);
    this.#deps.ownWrites.record(key, raw, held);
    // The very version that was judged, with a finalizer more.
    const { metadata } = parseInstanceProfile(held);
    return { ...subject, raw: held, object: { ...object, metadata }, isNew: !hasEntities(object) };
  }

  /** Releases the object once what stays of it in AWS is within its class: afterwards nothing narrows it any more. */
  async #letGo(subject: Subject, outcome: Outcome, signal: AbortSignal): Promise<Requeue> {
    const report = await this.#withinClass(subject, outcome, signal);
    if (report.outcome.kind === "failed") return this.#tell(subject, report, signal);
    const applied = outcome.kind === "converged" ? outcome.applied : [];
    return this.#release(subject, [...applied, ...(report.compliance?.revoked ?? [])], signal);
  }

  async #release({ object }: Subject, applied: readonly Action[], signal: AbortSignal): Promise<Requeue> {
    const isHeld = hasFinalizer(object);
    if (isHeld) await this.#deps.objects.patch(object.metadata, removeFinalizerPatch(object), signal);
    this.#forget(keyText(object.metadata));
    if (!isHeld && applied.length === 0) return DONE;
    for (const event of deletedEvents(object, applied)) this.#deps.publisher.emit(object, event);
    return DONE;
  }

  #forget(key: string): void {
    this.#deps.publisher.forget(key);
    this.#deps.sightings.forget(key);
    for (const { breaker } of this.#deps.accounts.reached) breaker.forget(key);
  }

  async #publish(subject: Subject, pass: Outcome, signal: AbortSignal): Promise<Requeue> {
    logOutcome(subject.run, pass);
    return this.#tell(subject, await this.#withinClass(subject, withLeftOut(pass, subject.standing), signal), signal);
  }

  async #tell(subject: Subject, report: Report, signal: AbortSignal): Promise<Requeue> {
    const requeue = await this.#deps.publisher.publish(subject.raw, subject.object, report, signal);
    subject.sightings.ended(subject.key, requeue);
    return requeue;
  }

  #withinClass(subject: Subject, outcome: Outcome, signal: AbortSignal): Promise<Report> {
    const open = async () => ({
      ...(await this.#accessFor(subject, signal)),
      confirmCurrent: this.#confirmed(subject),
    });
    return classReport(this.#deps, subject, outcome, open, signal);
  }
}

function deletionWaits(error: TerminalError): TerminalError {
  const message =
    `${error.message}. Deletion waits: mend the spec, or take the finalizer ${FINALIZER} off the object and remove by hand ` +
    "what it has made in AWS.";
  return new TerminalError(message, { reason: error.reason, cause: error });
}
