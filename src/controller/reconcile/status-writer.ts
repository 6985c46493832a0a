import { type AcceptedClass, API_VERSION, type InstanceProfileStatus, KIND } from "../../api/instance-profile.ts";
import type { EventSink, KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
import { reasonOfError } from "../../errors.ts";
import { hasTrace } from "../../model/ownership.ts";
import type { Action } from "../../plan/action.ts";
import type { Compliance } from "../../status/compliance.ts";
import { isReportedQueued, queuedConditions } from "../../status/conditions.ts";
import type { EventDraft, Outcome, ReportedObject } from "../../status/outcome.ts";
import { type Requeue, type RequeueIntervals, resync } from "../../status/requeue.ts";
import { classify, errorIn, observationIn, type Result } from "../../status/result.ts";
import { sameStatus } from "../../status/status-change.ts";
import { summarize, withClass } from "../../status/summarize.ts";
import type { Logger } from "../../telemetry.ts";
import { rfc3339 } from "../../text/rfc3339.ts";
import { keyText } from "../object-key.ts";
import type { MutationCache } from "./mutation-cache.ts";
import { asReceived } from "./outcomes.ts";
import { logResult, observeResult, type ResultObserver } from "./telemetry.ts";

/** The outcome of one reconcile, and the compliance of the object with its class. */
export interface Report {
  readonly outcome: Outcome;
  /** Unset for an object that needs no class. */
  readonly compliance?: Compliance | undefined;
  /** The acceptance record with the current deletion terms; unset: unchanged. */
  readonly accepted?: AcceptedClass | undefined;
  /** The pending actions after access was removed; unset: those of the outcome. */
  readonly pending?: readonly Action[] | undefined;
  /**
   * AWS may have access that the class does not allow: the object is retried with backoff, whatever the disposition of
   * its own failure.
   */
  readonly mustRetry?: boolean;
}

/** The object of a report. */
export interface Reported {
  /** The version that was read from the API server. */
  readonly raw: KubeObject;
  readonly object: ReportedObject;
  readonly logger: Logger;
}

/** The dependencies of {@link StatusWriter}. */
export interface StatusWriterDependencies {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly mutationCache: MutationCache;
  readonly intervals: RequeueIntervals;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observer?: ResultObserver | undefined;
}

/** The consecutive failures of an object. */
interface Failures {
  readonly count: number;
  readonly reason: string;
  /** When it first failed for this reason. */
  readonly sinceMs: number;
}

/**
 * Reports the outcome of a reconcile: log, metrics, Events, status and requeue. Only the acceptance by a class is written to
 * status elsewhere (`classes/acceptance.ts`).
 */
export class StatusWriter {
  readonly #deps: StatusWriterDependencies;
  /**
   * Consecutive failures by key. The queue's own count is reset whenever a reconcile requests a requeue after a fixed
   * delay.
   */
  readonly #failures = new Map<string, Failures>();

  constructor(deps: StatusWriterDependencies) {
    this.#deps = deps;
  }

  /**
   * Writes log lines, metrics and Events, and patches the status if it has changed.
   *
   * Errors: those of the status patch; the signal's reason when it is aborted, because the outcome is then that of the
   * abort.
   */
  async report(
    { raw, object, logger }: Reported,
    { outcome, compliance, accepted, pending, mustRetry }: Report,
    signal: AbortSignal,
  ): Promise<{ readonly result: Result; readonly requeue: Requeue }> {
    signal.throwIfAborted();
    const { random, intervals, observer } = this.#deps;
    const key = keyText(object.metadata);
    const result = classify(object, outcome, (error) => this.#failingForMs(key, error));
    const { status, events, requeue } = summarize(object, result, {
      now: this.#now(),
      random: random(),
      intervals,
      failures: this.#count(key, errorIn(result)),
      compliance,
      accepted,
      pending,
      lagsUntil: this.#endOfLag(result),
    });
    logResult(logger, result);
    observeResult(observer, key, object, result);
    for (const event of events) this.emit(object, event);
    await this.#write(raw, status, compliance === undefined ? [] : nothingAccepted(asReceived(raw)), signal);
    return { result, requeue: mustRetry ? { kind: "backoff" } : requeue };
  }

  /** Writes the reported status again where another client has changed it. Errors: those of the status patch. */
  async restore({ raw, object: { status } }: Pick<Reported, "raw" | "object">, signal: AbortSignal): Promise<void> {
    if (status !== undefined) await this.#write(raw, status, [], signal);
  }

  /** Writes what a change of the class changes in the status of an object that AWS is in sync with. Errors: as {@link report}. */
  async reportClass(
    { raw, object }: Pick<Reported, "raw" | "object">,
    compliance: Compliance | undefined,
    accepted: AcceptedClass | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const preconditions = compliance === undefined ? [] : nothingAccepted(asReceived(raw));
    await this.#write(raw, withClass(object, compliance, accepted, this.#now()), preconditions, signal);
  }

  /** The interval between two resyncs. */
  get resyncMs(): number {
    return this.#deps.intervals.resyncMs;
  }

  /**
   * Writes that the object waits, unless its status says so.
   *
   * @param waiting how many objects wait in the queue; undefined: a worker has the object
   *
   * Errors: those of the patch, a ConflictError when the object has changed.
   */
  async reportQueued(raw: KubeObject, waiting: number | undefined, signal: AbortSignal): Promise<void> {
    const object = asReceived(raw);
    if (isReportedQueued(object)) return;
    const { metadata, status } = object;
    const conditions = queuedConditions(object, waiting, this.#now());
    const unchanged = { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion } as const;
    await this.#write(raw, { observedGeneration: -1, ...status, conditions }, [unchanged], signal);
  }

  /** The requeue of an object in sync whose reconcile was skipped. */
  nextResync(): Requeue {
    return resync(this.#deps.intervals, this.#deps.random());
  }

  /** Removes the state of a deleted object. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Emits an Event about the object. */
  emit({ metadata }: ReportedObject, event: EventDraft): void {
    const { namespace, name, uid, resourceVersion } = metadata;
    const regarding = { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion };
    this.#deps.events.emit({ ...event, regarding });
  }

  /** Patches the status, unless the API server has it already. */
  async #write(
    raw: KubeObject,
    status: InstanceProfileStatus,
    preconditions: readonly PatchOperation[],
    signal: AbortSignal,
  ): Promise<void> {
    const { metadata, status: shown } = asReceived(raw);
    if (sameStatus(shown, status)) return;
    const operations: readonly PatchOperation[] = [
      { op: "test", path: "/metadata/uid", value: metadata.uid },
      ...notOlderThan(shown),
      ...preconditions,
      { op: "add", path: "/status", value: status },
    ];
    const patched = await this.#deps.objects.patchStatus(metadata, operations, signal);
    this.#deps.mutationCache.record(keyText(metadata), raw, patched);
  }

  /** Rounded up, so that it is the same time at each read of the same lag. */
  #endOfLag(result: Result): string | undefined {
    const lag = observationIn(result)?.lag;
    if (lag === undefined) return undefined;
    const { nowMs, monotonicMs } = this.#deps;
    return rfc3339(Math.ceil((nowMs() + lag.untilMs - monotonicMs()) / 1_000) * 1_000);
  }

  #now(): string {
    return rfc3339(this.#deps.nowMs());
  }

  /** How long the object has failed for this reason, without another reason or a success in between. */
  #failingForMs(key: string, error: unknown): number {
    const known = this.#failures.get(key);
    return known?.reason === reasonOfError(error) ? this.#deps.nowMs() - known.sinceMs : 0;
  }

  /** The number of consecutive failures, including this one. */
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

/** The precondition that a stale copy of the object does not overwrite a newer status. */
function notOlderThan(status: ReportedObject["status"]): readonly PatchOperation[] {
  const value = status?.observedGeneration;
  return value === undefined ? [] : [{ op: "test", path: "/status/observedGeneration", value }];
}

/** The precondition that the patch does not remove an acceptance that this copy does not show. */
function nothingAccepted({ metadata, status }: ReportedObject): readonly PatchOperation[] {
  return hasTrace(status) ? [] : [{ op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion }];
}
