import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../api/instance-profile.ts";
import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import type { AwsAccount } from "../engine/aws-account.ts";
import { type ConvergeDependencies, converge, preview } from "../engine/converge.ts";
import type { KubeObject, ObjectClient } from "../engine/ports.ts";
import { ConflictError, ControllerError, TerminalError } from "../errors.ts";
import { desiredState } from "../model/desired-state.ts";
import { isInSync } from "../plan/plan.ts";
import type { Requeue } from "../runtime/workers.ts";
import { deletedEvents } from "../status/events.ts";
import type { Outcome } from "../status/outcome.ts";
import { isAnnounced } from "../status/pending.ts";
import { addFinalizerPatch, FINALIZER, hasFinalizer, removeFinalizerPatch } from "./finalizer.ts";
import { explained, isHeldUp } from "./held-up.ts";
import { keyText, parseKey } from "./object-key.ts";
import type { OwnWrites } from "./own-writes.ts";
import { asOutcome, asReceived, attempt, logOutcome, Postponed, type RunFacts } from "./pass.ts";
import type { Publisher } from "./publisher.ts";
import { refusalOf, refused } from "./refusal.ts";

/** What the reconciler works with. */
export interface ReconcilerDependencies {
  readonly objects: ObjectClient;
  /** The watch's cache, by `namespace/name`. */
  readonly cache: { get(key: string): KubeObject | undefined };
  readonly ownWrites: OwnWrites;
  readonly aws: AwsAccount;
  readonly publisher: Publisher;
  /** Part of every owner tag: which cluster an entity belongs to. */
  readonly clusterId: string;
}

/** An object as it came and as it was understood. */
interface Subject {
  readonly key: string;
  readonly raw: KubeObject;
  readonly object: InstanceProfile;
  readonly run: RunFacts;
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
      this.#deps.publisher.forget(key);
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
      return this.#refuse(raw, error, signal);
    }
    const logger = run.logger.with({ generation: object.metadata.generation });
    const subject = { key, raw, object, run: { ...run, logger } };
    if (object.metadata.deletionTimestamp === undefined) return this.#bringUp(subject, signal);
    return hasFinalizer(object) ? this.#takeDown(subject, signal) : DONE;
  }

  /** Names cannot be trusted in a spec that does not parse: tell, and touch nothing. */
  async #refuse(raw: KubeObject, error: TerminalError, signal: AbortSignal): Promise<Requeue> {
    const received = asReceived(raw);
    const { metadata } = received;
    if (metadata.deletionTimestamp === undefined) {
      return this.#deps.publisher.publish(raw, received, { kind: "failed", error }, signal);
    }
    if (!hasFinalizer(received)) return DONE;
    const message =
      `${error.message}. Deletion waits: mend the spec, or take the finalizer ${FINALIZER} off the object and remove by hand ` +
      "what it has made in AWS.";
    const waits = new TerminalError(message, { reason: error.reason, cause: error });
    return this.#deps.publisher.publish(raw, received, { kind: "failed", error: waits }, signal);
  }

  async #bringUp(subject: Subject, signal: AbortSignal): Promise<Requeue> {
    const { spec } = subject.object;
    const blocker = refusalOf(subject.object);
    if (blocker !== undefined) return this.#publish(subject, refused(blocker), signal);
    if (spec.suspend) return this.#publish(subject, { kind: "suspended" }, signal);
    if (spec.mode === "DryRun") return this.#publish(subject, await this.#tryPreview(subject, signal), signal);
    if (hasFinalizer(subject.object)) {
      return this.#publish(subject, await this.#tryConverge(subject, this.#confirmed(subject), signal), signal);
    }
    // The guarded patch proves that the object was current: no second look is needed before AWS is written.
    const held = await this.#addFinalizer(subject, signal);
    return this.#publish(held, await this.#tryConverge(held, async () => {}, signal), signal);
  }

  async #takeDown(subject: Subject, signal: AbortSignal): Promise<Requeue> {
    const { spec } = subject.object;
    if (spec.deletionPolicy === "Retain") return this.#release(subject, [], signal);
    if (spec.suspend) return this.#publish(subject, { kind: "suspended" }, signal);
    if (spec.mode === "DryRun") {
      const look = await this.#tryPreview(subject, signal);
      const isGone = look.kind === "previewed" && look.settlesInMs === 0 && isInSync(look.plan);
      return isGone ? this.#release(subject, [], signal) : this.#publish(subject, look, signal);
    }
    const pass = await this.#tryConverge(subject, this.#confirmed(subject), signal);
    if (isHeldUp(pass)) return this.#publish(subject, explained(pass, await this.#tryPreview(subject, signal)), signal);
    // AWS's reply to a deletion is proof enough: no second look.
    const isGone = pass.kind === "converged" && pass.failed === undefined && pass.plan.blockers.length === 0;
    if (isGone && pass.settlesInMs === 0) return this.#release(subject, pass.applied, signal);
    return this.#publish(subject, pass, signal);
  }

  async #tryConverge(
    { object, run }: Subject,
    confirmCurrent: ConvergeDependencies["confirmCurrent"],
    signal: AbortSignal,
  ): Promise<Outcome> {
    const desired = desiredState(object, this.#deps.clusterId);
    return attempt(signal, async () =>
      asOutcome(
        await converge(
          desired,
          { ...this.#accessFor(run), confirmCurrent, isAnnounced: (plan) => isAnnounced(object, plan) },
          signal,
        ),
      ),
    );
  }

  async #tryPreview({ object, run }: Subject, signal: AbortSignal): Promise<Outcome> {
    const desired = desiredState(object, this.#deps.clusterId);
    return attempt(signal, async () => {
      const { view, plan, settlesInMs } = await preview(desired, this.#accessFor(run), signal);
      return { kind: "previewed", plan, observed: view, settlesInMs };
    });
  }

  #accessFor({ urgency = "change" }: RunFacts): Omit<ConvergeDependencies, "confirmCurrent" | "isAnnounced"> {
    const { iam, settling, adoptions } = this.#deps.aws;
    return { ...iam[urgency], settling, adoptions };
  }

  /** A last look before writing AWS: the cache may lag behind an edit, a deletion, or a new object of the same name. */
  #confirmed({ key, object }: Subject): ConvergeDependencies["confirmCurrent"] {
    return async (signal) => {
      let live: KubeObject | undefined;
      try {
        live = await this.#deps.objects.get(parseKey(key), signal);
      } catch (error) {
        throw new Postponed(error);
      }
      const now = live === undefined ? undefined : asReceived(live).metadata;
      const then = object.metadata;
      const isSame =
        now?.uid === then.uid &&
        now.generation === then.generation &&
        now.deletionTimestamp === then.deletionTimestamp &&
        now.annotations?.[FORCE_DELETE_ANNOTATION] === then.annotations?.[FORCE_DELETE_ANNOTATION];
      if (!isSame) {
        throw new Postponed(new ConflictError(`${key} has changed since it was read`, { reason: "StaleObject" }));
      }
    };
  }

  async #addFinalizer({ key, raw, object, run }: Subject, signal: AbortSignal): Promise<Subject> {
    const held = await this.#deps.objects.patch(object.metadata, addFinalizerPatch(object), signal);
    this.#deps.ownWrites.record(key, raw, held);
    return { key, raw: held, object: parseInstanceProfile(held), run };
  }

  async #release(
    { object }: Subject,
    applied: Extract<Outcome, { kind: "converged" }>["applied"],
    signal: AbortSignal,
  ) {
    await this.#deps.objects.patch(object.metadata, removeFinalizerPatch(object), signal);
    this.#deps.publisher.forget(keyText(object.metadata));
    for (const event of deletedEvents(object, applied)) this.#deps.publisher.emit(object, event);
    return DONE;
  }

  #publish({ raw, object, run }: Subject, outcome: Outcome, signal: AbortSignal): Promise<Requeue> {
    logOutcome(run, outcome);
    return this.#deps.publisher.publish(raw, object, outcome, signal);
  }
}
