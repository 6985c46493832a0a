import { createHash } from "node:crypto";
import type { InstanceProfile } from "../../api/instance-profile.ts";
import { desiredState } from "../../model/desired-state.ts";
import type { Requeue } from "../../status/requeue.ts";

/** The shortest and longest time between two checks whether the first scan has ended. */
const [MIN_POLL_MS, MAX_POLL_MS] = [1_000, 300_000];

/** An observation of an object in sync. */
interface InSync {
  readonly atMs: number;
  /** See {@link digestOf}. */
  readonly digest: string;
}

/** Equal for equal desired states of one generation of an object; what status says about a hand-over does not count. */
export function digestOf(object: InstanceProfile, clusterId: string): string {
  const { uid, generation } = object.metadata;
  const parts = [uid, generation, { ...desiredState(object, clusterId), handOver: undefined }];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}

/**
 * Records which objects of one account its scans cover, by key. The resync of an object that was observed in sync is
 * skipped while scans observe it.
 */
export class ScanCoverage {
  readonly #monotonicMs: () => number;
  readonly #inSync = new Map<string, InSync>();
  readonly #different = new Set<string>();
  #coversMs = 0;
  #isFirstScanAhead = false;
  #expectedSinceMs = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** True until the first scan has ended; resyncs wait for it. */
  get isFirstScanAhead(): boolean {
    return this.#isFirstScanAhead;
  }

  /** As `isFirstScanAhead`, for at most `maxWaitMs` after the scan was expected. */
  isFirstScanAheadFor(maxWaitMs: number): boolean {
    return this.#isFirstScanAhead && this.#monotonicMs() - this.#expectedSinceMs < maxWaitMs;
  }

  /**
   * When an object checks again whether the first scan has ended: after as long as the scan has been expected. Checks of thousands of
   * objects every second would leave the process no time to scan.
   */
  get firstScanPollMs(): number {
    return Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, Math.ceil(this.#monotonicMs() - this.#expectedSinceMs)));
  }

  expectScan(): void {
    if (this.#isFirstScanAhead) return;
    this.#expectedSinceMs = this.#monotonicMs();
    this.#isFirstScanAhead = true;
  }

  /**
   * Records the end of a scan: objects that were in sync within the last `coversMs` are covered. 0: scans cover
   * nothing.
   */
  scanEnded(coversMs: number): void {
    this.#isFirstScanAhead = false;
    this.#coversMs = coversMs;
  }

  /** Records that AWS was observed in sync with the desired state of this digest. */
  recordInSync(key: string, digest: string, atMs: number = this.#monotonicMs()): void {
    this.#inSync.set(key, { atMs, digest });
    this.#different.delete(key);
  }

  /** Records that, by a scan, AWS differs from the object's spec or status. */
  recordDifference(key: string): void {
    this.#inSync.delete(key);
    this.#different.add(key);
  }

  /**
   * Records the end of a reconcile, with the digest of the desired state if AWS was observed in sync with it. If only a part was, the last
   * observation of the rest stays as old as it is.
   */
  reconciled(key: string, digest: string | undefined, isPartial = false): void {
    if (digest === undefined) this.forget(key);
    else if (!isPartial) this.recordInSync(key, digest);
    else if (!this.#inSync.has(key)) this.#inSync.set(key, { atMs: Number.NEGATIVE_INFINITY, digest });
  }

  /**
   * The requeue after a reconcile of which the end is recorded. The read of a part does not put off the resync: events about one part must
   * not keep the others from being read where no scan reads them.
   */
  inTime(key: string, requeue: Requeue): Requeue {
    const known = this.#inSync.get(key);
    if (known === undefined || requeue.kind !== "after" || requeue.urgency !== "resync") return requeue;
    const sinceMs = Math.floor(this.#monotonicMs() - known.atMs);
    return { ...requeue, delayMs: Math.max(0, requeue.delayMs - sinceMs) };
  }

  /** True when a scan found a difference and the object was not reconciled since. */
  isDifferent(key: string): boolean {
    return this.#different.has(key);
  }

  /** True when the object was in sync recently, and a scan will observe it again. */
  covers(key: string): boolean {
    return this.#inSyncSince(key, this.#coversMs) !== undefined;
  }

  /** True when AWS was in sync with the desired state of this digest within `maxAgeMs`, or scans cover that. */
  isInSyncWith(key: string, digest: string, maxAgeMs: number): boolean {
    return this.#inSyncSince(key, Math.max(maxAgeMs, this.#coversMs))?.digest === digest;
  }

  #inSyncSince(key: string, maxAgeMs: number): InSync | undefined {
    const known = this.#inSync.get(key);
    return known !== undefined && this.#monotonicMs() - known.atMs < maxAgeMs ? known : undefined;
  }

  /** Removes the state of an object. */
  forget(key: string): void {
    this.#inSync.delete(key);
    this.#different.delete(key);
  }
}

/** The coverage of each account: scans may work for one and not be authorized for another. */
export class ScanCoverageByAccount {
  readonly #monotonicMs: () => number;
  readonly #byAccount = new Map<string, ScanCoverage>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  of(account: string): ScanCoverage {
    const known = this.#byAccount.get(account) ?? new ScanCoverage(this.#monotonicMs);
    this.#byAccount.set(account, known);
    return known;
  }

  forget(key: string): void {
    for (const coverage of this.#byAccount.values()) coverage.forget(key);
  }
}
