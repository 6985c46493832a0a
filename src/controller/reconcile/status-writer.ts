import { type AcceptedClass, API_VERSION, KIND } from "../../api/instance-profile.ts";
import type { EventSink, KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { hasTrace } from "../../model/trace.ts";
import type { Action } from "../../plan/action.ts";
import type { Compliance } from "../../status/compliance.ts";
import type { EventDraft, Outcome, ReportedObject } from "../../status/outcome.ts";
import { type Requeue, type RequeueIntervals, resync } from "../../status/requeue.ts";
import { classify, errorIn, type Result, reasonOfError } from "../../status/result.ts";
import { sameStatus, summarize } from "../../status/summarize.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import type { MutationCache } from "./mutation-cache.ts";
import { logResult, observeResult, type ResultObserver } from "./result-observer.ts";

/** What one reconcile did and saw, and what the class of the object says about it. */
export interface Report {
  readonly outcome: Outcome;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
  /** The record of its acceptance as the class is now; unset: as it was. */
  readonly accepted?: AcceptedClass | undefined;
  /** What is still to be written after access was removed; unset: as the outcome says. */
  readonly pending?: readonly Action[] | undefined;
  /** AWS may have more than the class allows: the object is retried with backoff, whatever its own failure asks for. */
  readonly mustRetry?: boolean;
}

/** What a report is about. */
export interface Reported {
  /** As the API server has it. */
  readonly raw: KubeObject;
  readonly object: ReportedObject;
  readonly logger: Logger;
}

/** What the status writer works with. */
export interface StatusWriterDependencies {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly mutationCache: MutationCache;
  readonly intervals: RequeueIntervals;
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observer?: ResultObserver | undefined;
}

/** An object's failures in a row. */
interface Failures {
  readonly count: number;
  readonly reason: string;
  /** When it first failed for this reason. */
  readonly sinceMs: number;
}

/** Reports what a reconcile came to: the one place that writes status and decides the requeue. */
export class StatusWriter {
  readonly #deps: StatusWriterDependencies;
  /** Failures in a row, by key. The queue's own count starts again whenever a run names a time for the next one. */
  readonly #failures = new Map<string, Failures>();

  constructor(deps: StatusWriterDependencies) {
    this.#deps = deps;
  }

  /**
   * Log lines, metrics and Events, then one status patch when the status changed and none when it did not.
   *
   * Errors: those of the status patch; the signal's reason when it was aborted, because then the outcome is that of the abort.
   */
  async report(
    { raw, object, logger }: Reported,
    { outcome, compliance, accepted, pending, mustRetry }: Report,
    signal: AbortSignal,
  ): Promise<{ readonly result: Result; readonly requeue: Requeue }> {
    signal.throwIfAborted();
    const { nowMs, random, intervals, observer } = this.#deps;
    const key = keyText(object.metadata);
    const result = classify(object, outcome, (error) => this.#failingForMs(key, error));
    const { status, events, requeue } = summarize(object, result, {
      now: `${new Date(nowMs()).toISOString().slice(0, 19)}Z`,
      random: random(),
      intervals,
      failures: this.#count(key, errorIn(result)),
      compliance,
      accepted,
      pending,
    });
    logResult(logger, result);
    observeResult(observer, key, object, result);
    for (const event of events) this.emit(object, event);
    if (!sameStatus(object.status, status)) {
      const preconditions = [
        ...notOlderThan(object.status),
        ...(compliance === undefined ? [] : nothingAccepted(object)),
      ];
      const patched = await this.#deps.objects.patchStatus(
        object.metadata,
        [
          { op: "test", path: "/metadata/uid", value: object.metadata.uid },
          ...preconditions,
          { op: "add", path: "/status", value: status },
        ],
        signal,
      );
      this.#deps.mutationCache.record(key, raw, patched);
    }
    return { result, requeue: mustRetry ? { kind: "backoff" } : requeue };
  }

  /** When the next reconcile is due of an object that was in sync and was not read. */
  nextResync(): Requeue {
    return resync(this.#deps.intervals, this.#deps.random());
  }

  /** The object is gone, or about to: nothing of it need be known. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Emits an Event about the object. */
  emit({ metadata }: ReportedObject, event: EventDraft): void {
    const { namespace, name, uid, resourceVersion } = metadata;
    const regarding = { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion };
    this.#deps.events.emit({ ...event, regarding });
  }

  /** Since the object first failed for this reason, without another reason or a success in between. */
  #failingForMs(key: string, error: unknown): number {
    const known = this.#failures.get(key);
    return known?.reason === reasonOfError(error) ? this.#deps.nowMs() - known.sinceMs : 0;
  }

  /** How often in a row the object has failed, this time included. */
  #count(key: string, error: unknown): number {
    if (error === undefined) {
      this.#failures.delete(key);
      return 0;
    }
    const reason = reasonOfError(error);
    const known = this.#failures.get(key);
    const count = (known?.count ?? 0) + 1;
    const sinceMs = known?.reason === reason ? known.sinceMs : this.#deps.nowMs();
    this.#failures.set(key, { count, reason, sinceMs });
    return count;
  }
}

/** An old copy of the object must not write over a status that is newer than the one it has. */
function notOlderThan(status: ReportedObject["status"]): readonly PatchOperation[] {
  const value = status?.observedGeneration;
  return value === undefined ? [] : [{ op: "test", path: "/status/observedGeneration", value }];
}

/** What a class has accepted may not be forgotten: where this copy shows no acceptance, nothing may have come after it. */
function nothingAccepted({ metadata, status }: ReportedObject): readonly PatchOperation[] {
  return hasTrace(status) ? [] : [{ op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion }];
}
