import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { type AccountSnapshot, type SelectedRole, takeSnapshot } from "../../engine/observe/account-snapshot.ts";
import type { AccountReader, KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { nameKey } from "../../model/naming.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Logger } from "../../telemetry.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { failureFields } from "../reconcile/failure-fields.ts";
import { priorityOf } from "../urgency.ts";
import type { ScanCoverage } from "./scan-coverage.ts";
import { type ScanSubject, type SubjectRules, subjectOf, verdictOf } from "./scan-verdict.ts";

/** How a scan ended: `denied` when the controller may not read the account as a whole. */
export type ScanResult = "ok" | "denied" | "failed";

/** Hears of scans: the seam for metrics. Called synchronously; must not throw. */
export interface ScanObserver {
  ended(result: ScanResult, facts: { readonly durationMs: number; readonly seen: number; readonly news: number }): void;
  /** The account is scanned no longer. */
  left(): void;
}

/** What a iamScan works with. */
export interface IamScanOptions {
  readonly account: AwsAccount;
  readonly reader: AccountReader;
  /** The objects of the account, as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly queue: WorkQueue;
  readonly coverage: ScanCoverage;
  readonly classes: SubjectRules["classes"];
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Between two scans, give or take a tenth. */
  readonly intervalMs: number;
  readonly intervals: RequeueIntervals;
  readonly observer?: ScanObserver | undefined;
  readonly orphans?: OrphanScan | undefined;
}

/** So many objects are compared before others get their turn on the event loop: some milliseconds' work. */
const CHUNK = 20;
/** What was well is spared a look of its own for so many intervals: a scan may fail once without setting off thousands of reads. */
const SPARED_INTERVALS = 2.5;
/** A scan that failed in passing is tried again sooner than the next is due. */
const RETRY_MS = 60_000;
const JITTER = 0.1;

/**
 * Looks at the whole account every so often, and wakes the objects for which it differs from what it should be, or from what their status
 * says.
 *
 * A scan writes nothing itself and proves nothing for ever: what it sees goes to a pass, which reads the doubtful part again
 * before it writes. Where the account may not be read as a whole, nothing is lost: every object is read by itself as often as
 * before.
 */
export class IamScan {
  readonly #options: IamScanOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #last: ScanResult | undefined;

  constructor(options: IamScanOptions) {
    this.#options = options;
  }

  /** The first scan begins at once; further calls do nothing. */
  start(): void {
    if (this.#loop !== undefined || this.#abort.signal.aborted) return;
    this.#options.coverage.expectScan();
    this.#loop = this.#run(this.#abort.signal);
  }

  /** Resolves when a scan under way has been given up. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The controller is shutting down"));
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

  /** One scan. Never raises: what went wrong is logged, and its objects are read one by one if it stays so. */
  async scan(signal: AbortSignal): Promise<ScanResult> {
    const { account, clock, coverage, intervalMs, observer, orphans } = this.#options;
    const startMs = clock.monotonicMs();
    const count = { seen: 0, news: 0 };
    let result: ScanResult = "ok";
    let candidates: readonly SelectedRole[] = [];
    try {
      candidates = await this.#compare(count, signal);
    } catch (error) {
      if (signal.aborted) return "failed";
      result = this.#blame(error);
    }
    if (result === "ok" && this.#last === "denied")
      this.#options.logger.info("the account can be read as a whole again");
    this.#last = result;
    if (result !== "failed") coverage.scanEnded(result === "ok" ? intervalMs * SPARED_INTERVALS : 0);
    else if (coverage.isFirstScanAhead) coverage.scanEnded(0);
    observer?.ended(result, { durationMs: clock.monotonicMs() - startMs, ...count });
    if (result === "ok") await orphans?.scanned(account, candidates, signal);
    return result;
  }

  /** Returns the roles that may be orphans. */
  async #compare(count: { seen: number; news: number }, signal: AbortSignal): Promise<readonly SelectedRole[]> {
    const { account, reader, clock, orphans } = this.#options;
    const subjects = await this.#subjects(signal);
    const wanted = {
      roles: new Set(subjects.map(({ desired }) => nameKey(desired.role.roleName))),
      instanceProfiles: new Set(subjects.map(({ desired }) => nameKey(desired.instanceProfile.instanceProfileName))),
      selects: orphans && ((role: SelectedRole) => orphans.isCandidate(role)),
    };
    const snapshot = await takeSnapshot(wanted, reader, () => clock.monotonicMs(), signal);
    account.index.replace(snapshot);
    await account.quotas.refresh(0, signal);
    for await (const subject of this.#unhurried(subjects, signal)) {
      count.seen += 1;
      if (this.#judge(subject, snapshot)) count.news += 1;
    }
    return snapshot.selected;
  }

  async #subjects(signal: AbortSignal): Promise<readonly ScanSubject[]> {
    const { objects, coverage } = this.#options;
    const isFirst = coverage.isFirstScanAhead;
    const subjects: ScanSubject[] = [];
    for await (const raw of this.#unhurried(objects(), signal)) {
      const subject = subjectOf(raw, this.#options, isFirst);
      if (subject !== undefined) subjects.push(subject);
    }
    return subjects;
  }

  /** True when the object has to be looked at. */
  #judge(subject: ScanSubject, snapshot: AccountSnapshot): boolean {
    const { account, queue, coverage, clock, intervals } = this.#options;
    const { key, object } = subject;
    // A pass under way knows better.
    if (queue.isRunning(key)) return false;
    const now = `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`;
    const verdict = verdictOf(subject, snapshot, { recentWrites: account.recentWrites, intervals, now });
    if (verdict.kind === "in sync") {
      account.index.forget(key);
      coverage.recordInSync(key, snapshot.takenAtMs);
      account.breaker.forget(key);
    }
    if (verdict.kind !== "different") return false;
    account.index.record(key, object.metadata, verdict.observation, snapshot.takenAtMs);
    coverage.recordDifference(key);
    // Somebody has waited for what is begun since before this process began to work.
    queue.add(key, { priority: priorityOf(subject.isInterruptedCreate ? "change" : "scan") });
    return true;
  }

  /** The items, with a turn for everybody else on the event loop now and then. */
  async *#unhurried<T>(items: readonly T[], signal: AbortSignal): AsyncGenerator<T, void> {
    for (const [index, item] of items.entries()) {
      if (index % CHUNK === CHUNK - 1) await this.#options.clock.sleep(0, signal);
      yield item;
    }
  }

  #blame(error: unknown): ScanResult {
    const { logger } = this.#options;
    if (!(error instanceof ControllerError)) {
      logger.error("the scan failed in a way it did not expect", { err: error });
      return "failed";
    }
    if (error.reason !== "AccessDenied") {
      logger.warn("scan failed", failureFields(error));
      return "failed";
    }
    if (this.#last !== "denied") {
      const what = "the account cannot be read as a whole: every object is read by itself, at many times the calls";
      logger.warn(what, failureFields(error));
    }
    return "denied";
  }
}
