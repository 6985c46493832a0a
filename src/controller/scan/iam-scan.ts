import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import {
  type AccountSnapshot,
  type SelectedRole,
  takeSnapshot,
  type WantedNames,
} from "../../engine/observe/account-snapshot.ts";
import type { AccountReader, KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Logger } from "../../telemetry.ts";
import { rfc3339 } from "../../text/rfc3339.ts";
import type { TaggedRoleNames } from "../classes/tagged-role-names.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { failureFields } from "../reconcile/telemetry.ts";
import { priorityOf } from "../urgency.ts";
import { digestOf, type ScanCoverage } from "./scan-coverage.ts";
import { type ScanSubject, type SubjectRules, subjectOf, verdictOf } from "./scan-verdict.ts";

/** The result of a scan: `denied` when the controller is not authorized to read the whole account. */
export type ScanResult = "ok" | "denied" | "failed";

/** Observes scans, for metrics. Called synchronously; must not throw. */
export interface ScanObserver {
  ended(
    result: ScanResult,
    facts: { readonly durationMs: number; readonly compared: number; readonly different: number },
  ): void;
  /** Called when the account is no longer scanned. */
  left(): void;
}

/** The dependencies of {@link IamScan}. */
export interface IamScanOptions {
  readonly account: AwsAccount;
  readonly reader: AccountReader;
  /** The objects of the account in the cache. */
  readonly objects: () => readonly KubeObject[];
  readonly queue: WorkQueue;
  readonly coverage: ScanCoverage;
  readonly classes: SubjectRules["classes"] & { readonly roleNames?: Pick<TaggedRoleNames, "collector"> };
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** The interval between two scans, with a jitter of 10 %. */
  readonly intervalMs: number;
  readonly intervals: RequeueIntervals;
  readonly observer?: ScanObserver | undefined;
  readonly orphans?: OrphanScan | undefined;
}

/** The number of objects that are compared before the event loop is yielded: some milliseconds of work. */
const CHUNK = 20;
/**
 * For how many intervals a scan covers an object in sync, so that one failed scan does not cause thousands of reads.
 */
const COVERED_INTERVALS = 2.5;
/** The delay before a scan is retried after a transient error. */
const RETRY_MS = 60_000;
const JITTER = 0.1;

/**
 * Scans the whole account periodically, and enqueues the objects whose observed state differs from their spec or
 * status.
 *
 * A scan writes nothing, and its observations may be stale: the reconcile reads the relevant parts again before it
 * writes. If the controller is not authorized to read the whole account, every object is read by its own resync
 * instead.
 */
export class IamScan {
  readonly #options: IamScanOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #last: ScanResult | undefined;

  constructor(options: IamScanOptions) {
    this.#options = options;
  }

  /** Starts the first scan at once. Further calls do nothing. */
  start(): void {
    if (this.#loop !== undefined || this.#abort.signal.aborted) return;
    this.#options.coverage.expectScan();
    this.#loop = this.#run(this.#abort.signal);
  }

  /** Stops the loop; resolves when no scan is running. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The account is no longer scanned"));
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, intervalMs } = this.#options;
    while (!signal.aborted) {
      const result = await this.scan(signal);
      const nextMs = result === "failed" ? Math.min(RETRY_MS, intervalMs) : intervalMs;
      await clock.sleep(nextMs * (1 - JITTER + 2 * JITTER * random()), signal).catch(() => {});
    }
  }

  /** Runs one scan. Never raises: errors are logged. Once scans no longer cover the objects, their resyncs read them one by one. */
  async scan(signal: AbortSignal): Promise<ScanResult> {
    const { account, clock, coverage, intervalMs, observer, orphans } = this.#options;
    const startMs = clock.monotonicMs();
    const count = { compared: 0, different: 0 };
    let result: ScanResult = "ok";
    let candidates: readonly SelectedRole[] = [];
    try {
      candidates = await this.#compare(count, signal);
    } catch (error) {
      if (signal.aborted) return "failed";
      result = this.#logFailure(error);
    }
    if (result === "ok" && this.#last === "denied") this.#options.logger.info("account scan is authorized again");
    this.#last = result;
    if (result !== "failed") coverage.scanEnded(result === "ok" ? intervalMs * COVERED_INTERVALS : 0);
    else if (coverage.isFirstScanAhead) coverage.scanEnded(0);
    observer?.ended(result, { durationMs: clock.monotonicMs() - startMs, ...count });
    if (result === "ok") await orphans?.scanned(account, candidates, signal);
    return result;
  }

  /** Compares every object with a snapshot of the account, and returns the roles that may be orphans. */
  async #compare(
    count: { compared: number; different: number },
    signal: AbortSignal,
  ): Promise<readonly SelectedRole[]> {
    const { account, reader, clock } = this.#options;
    const subjects = await this.#subjects(signal);
    const wanted = {
      roles: new Set(subjects.map(({ desired }) => nameKey(desired.role.roleName))),
      instanceProfiles: new Set(subjects.map(({ desired }) => nameKey(desired.instanceProfile.instanceProfileName))),
      hasPolicies: subjects.some(({ desired, object }) => {
        return desired.managedPolicies.length > 0 || object.status?.managedPolicies !== undefined;
      }),
      selects: this.#selects(),
    };
    const snapshot = await takeSnapshot(wanted, reader, () => clock.monotonicMs(), signal);
    account.index.replace(snapshot);
    await account.quotas.refresh(0, signal);
    for await (const subject of this.#yielding(subjects, signal)) {
      count.compared += 1;
      if (this.#compareOne(subject, snapshot)) count.different += 1;
    }
    return snapshot.selected;
  }

  /** Selects the roles that may be orphans, and notes the names of the roles of objects that have lost theirs. */
  #selects(): WantedNames["selects"] {
    const { orphans, classes, objects } = this.#options;
    const collect = classes.roleNames?.collector(objects());
    if (orphans === undefined && collect === undefined) return undefined;
    return (role) => {
      collect?.(role);
      return orphans?.isCandidate(role) ?? false;
    };
  }

  async #subjects(signal: AbortSignal): Promise<readonly ScanSubject[]> {
    const { objects, coverage } = this.#options;
    const isFirst = coverage.isFirstScanAhead;
    const subjects: ScanSubject[] = [];
    for await (const raw of this.#yielding(objects(), signal)) {
      const subject = subjectOf(raw, this.#options, isFirst);
      if (subject !== undefined) subjects.push(subject);
    }
    return subjects;
  }

  /** Compares one object with the snapshot. True when it differs and is enqueued. */
  #compareOne(subject: ScanSubject, snapshot: AccountSnapshot): boolean {
    const { account, queue, coverage, clock, intervals } = this.#options;
    const { key, object } = subject;
    // A reconcile in progress has fresher observations.
    if (queue.isRunning(key)) return false;
    const now = rfc3339(clock.nowMs());
    const verdict = verdictOf(subject, snapshot, { recentWrites: account.recentWrites, intervals, now });
    if (verdict.kind === "in sync") {
      account.index.forget(key);
      coverage.recordInSync(key, digestOf(object, this.#options.clusterId), snapshot.takenAtMs);
      account.breaker.inSync(key);
      account.drift.recordState(key, object.metadata, verdict.observed);
    }
    if (verdict.kind !== "different") return false;
    account.drift.forgetState(key);
    account.index.record(key, object.metadata, verdict.observation, snapshot.takenAtMs);
    coverage.recordDifference(key);
    // A user has waited for an interrupted create since before this process started.
    queue.add(key, { priority: priorityOf(subject.isInterruptedCreate ? "change" : "scan") });
    return true;
  }

  /** Iterates over the items and yields to the event loop after each chunk. */
  async *#yielding<T>(items: readonly T[], signal: AbortSignal): AsyncGenerator<T, void> {
    for (const [index, item] of items.entries()) {
      if (index % CHUNK === CHUNK - 1) await this.#options.clock.sleep(0, signal);
      yield item;
    }
  }

  #logFailure(error: unknown): ScanResult {
    const { logger } = this.#options;
    if (!(error instanceof ControllerError)) {
      logger.error("account scan failed unexpectedly", { err: error });
      return "failed";
    }
    if (error.reason !== "AccessDenied") {
      logger.warn("account scan failed; the controller retries", failureFields(error));
      return "failed";
    }
    if (this.#last !== "denied") {
      const what =
        "account scan is not authorized: the controller reads each object separately, with many times the requests. Grant it the " +
        "permissions for account scans";
      logger.warn(what, failureFields(error));
    }
    return "denied";
  }
}
