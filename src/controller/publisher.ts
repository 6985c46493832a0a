import { type AcceptedClass, API_VERSION, KIND } from "../api/instance-profile.ts";
import type { EventSink, KubeObject, ObjectClient, PatchOperation } from "../engine/ports.ts";
import { ControllerError, dispositionOf } from "../errors.ts";
import { hasTrace } from "../model/trace.ts";
import type { Action } from "../plan/action.ts";
import { isInstanceAction } from "../plan/instance-action.ts";
import { isInSync, NOT_CONVERGING } from "../plan/plan.ts";
import type { Compliance } from "../status/compliance.ts";
import { findCondition } from "../status/conditions.ts";
import { wasReady } from "../status/judge.ts";
import type { EventDraft, ObjectSoFar, Outcome, Requeue } from "../status/outcome.ts";
import { errorOf, type Patience, routineLook } from "../status/requeue.ts";
import { sameStatus, summarize } from "../status/summarize.ts";
import { keyText } from "./object-key.ts";
import type { OwnWrites } from "./own-writes.ts";

/** Hears what reconciles came to: the seam for metrics. Called synchronously; must not throw. */
export interface OutcomeObserver {
  /** The pass over the key failed; `terminal` when only a change of the spec helps. */
  failed?(key: string, isTerminal: boolean): void;
  /** AWS was not as the spec asks though it had been, and nobody had changed the spec. */
  drifted?(key: string): void;
  /** AWS was written; `isRepair` when nobody had changed the spec. */
  wrote?(key: string, actions: number, isRepair: boolean): void;
  /** The object is not written any more: the same writes were made too often in vain. Once, when it begins. */
  gaveUp?(key: string): void;
}

/** What one reconcile came to, and what the class of the object says about it. */
export interface Report {
  readonly outcome: Outcome;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
  /** The record of its acceptance as the class is now; unset: as it was. */
  readonly accepted?: AcceptedClass | undefined;
  /** What is still to be written after access was removed; unset: as the outcome says. */
  readonly pending?: readonly Action[] | undefined;
}

/** What the publisher works with. */
export interface PublisherDependencies {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly ownWrites: OwnWrites;
  readonly patience: Patience;
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observer?: OutcomeObserver;
}

/** An object's failures in a row. */
interface Failures {
  readonly count: number;
  readonly reason: string;
  /** When it first failed for this reason. */
  readonly sinceMs: number;
}

/** Tells the user what a reconcile came to: the one place that writes status and decides the requeue. */
export class Publisher {
  readonly #deps: PublisherDependencies;
  /** Failures in a row, by key. The queue's own count begins anew whenever it is told a time to come back at. */
  readonly #failures = new Map<string, Failures>();

  constructor(deps: PublisherDependencies) {
    this.#deps = deps;
  }

  /**
   * Events, then one status patch when the status changed and none when it did not.
   *
   * Errors: those of the status patch; the signal's reason when it was aborted, for then the outcome is that of the abort.
   */
  async publish(
    raw: KubeObject,
    object: ObjectSoFar,
    { outcome, compliance, accepted, pending }: Report,
    signal: AbortSignal,
  ): Promise<Requeue> {
    signal.throwIfAborted();
    const { nowMs, random, patience } = this.#deps;
    const key = keyText(object.metadata);
    const now = `${new Date(nowMs()).toISOString().slice(0, 19)}Z`;
    const { count: failures, sinceMs } = this.#count(key, outcome);
    const failingForMs = nowMs() - sinceMs;
    const summary = summarize(object, outcome, {
      ...{ now, random: random(), patience, failures, failingForMs, compliance, accepted, pending },
    });
    this.#observe(key, object, outcome);
    for (const event of summary.events) this.emit(object, event);
    if (!sameStatus(object.status, summary.status)) {
      const patched = await this.#deps.objects.patchStatus(
        object.metadata,
        [
          { op: "test", path: "/metadata/uid", value: object.metadata.uid },
          ...notOlderThan(object.status),
          ...(compliance === undefined ? [] : nothingAccepted(object)),
          { op: "add", path: "/status", value: summary.status },
        ],
        signal,
      );
      this.#deps.ownWrites.record(key, raw, patched);
    }
    return summary.requeue;
  }

  /** When to look again at an object that was well and was not looked at. */
  nextLook(): Requeue {
    return routineLook(this.#deps.patience, this.#deps.random());
  }

  /** The object is gone, or about to: nothing of it need be known. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  #count(key: string, outcome: Outcome): Failures {
    const error = errorOf(outcome);
    const reason = error instanceof ControllerError ? error.reason : "";
    const known = this.#failures.get(key);
    const sinceMs = known?.reason === reason ? known.sinceMs : this.#deps.nowMs();
    const failures = { count: error === undefined ? 0 : (known?.count ?? 0) + 1, reason, sinceMs };
    if (error === undefined) this.#failures.delete(key);
    else this.#failures.set(key, failures);
    return failures;
  }

  #observe(key: string, object: ObjectSoFar, outcome: Outcome): void {
    const { observer } = this.#deps;
    const error = errorOf(outcome);
    if (error !== undefined) observer?.failed?.(key, dispositionOf(error) === "terminal");
    const isStripped = "leftOut" in outcome && outcome.leftOut !== undefined;
    const differs = "plan" in outcome && !isInSync(outcome.plan) && !isComing(outcome.plan.actions);
    if (differs && wasReady(object) && !isStripped) observer?.drifted?.(key);
    if (outcome.kind !== "converged") return;
    const isStuck = outcome.plan.blockers.some(({ reason }) => reason === NOT_CONVERGING);
    const wasStuck = findCondition(object.status?.conditions, "Ready")?.reason === NOT_CONVERGING;
    if (isStuck && !wasStuck) observer?.gaveUp?.(key);
    if (outcome.applied.length === 0) return;
    const isRepair = wasReady(object) && !isStripped && !isComing(outcome.applied);
    observer?.wrote?.(key, outcome.applied.length, isRepair);
  }

  /** Publishes an Event about the object. */
  emit({ metadata }: ObjectSoFar, event: EventDraft): void {
    const { namespace, name, uid, resourceVersion } = metadata;
    const regarding = { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion };
    this.#deps.events.emit({ ...event, regarding });
  }
}

/** An old copy of the object must not write over a status that is newer than the one it has. */
function notOlderThan(status: ObjectSoFar["status"]): readonly PatchOperation[] {
  const value = status?.observedGeneration;
  return value === undefined ? [] : [{ op: "test", path: "/status/observedGeneration", value }];
}

/** What a class has accepted may not be forgotten: where this copy shows no acceptance, nothing may have come after it. */
function nothingAccepted({ metadata, status }: ObjectSoFar): readonly PatchOperation[] {
  return hasTrace(status) ? [] : [{ op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion }];
}

/** Instances come and go without anybody's having changed what was right before. */
function isComing(actions: readonly Action[]): boolean {
  return actions.length > 0 && actions.every(isInstanceAction);
}
