/**
 * Records which objects of one account its scans cover, by key. The resync of an object that was observed in sync is
 * skipped while scans observe it.
 */
export class ScanCoverage {
  readonly #monotonicMs: () => number;
  readonly #inSyncAtMs = new Map<string, number>();
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

  /** Records that the object was observed in sync. */
  recordInSync(key: string, atMs: number = this.#monotonicMs()): void {
    this.#inSyncAtMs.set(key, atMs);
    this.#different.delete(key);
  }

  /** Records that, by a scan, AWS differs from the object's spec or status. */
  recordDifference(key: string): void {
    this.#inSyncAtMs.delete(key);
    this.#different.add(key);
  }

  /** Records the end of a reconcile. */
  reconciled(key: string, isVerified: boolean): void {
    if (isVerified) this.recordInSync(key);
    else this.forget(key);
  }

  /** True when a scan found a difference and the object was not reconciled since. */
  isDifferent(key: string): boolean {
    return this.#different.has(key);
  }

  /** True when the object was in sync recently, and a scan will observe it again. */
  covers(key: string): boolean {
    const atMs = this.#inSyncAtMs.get(key);
    return atMs !== undefined && this.#monotonicMs() - atMs < this.#coversMs;
  }

  /** Removes the state of an object. */
  forget(key: string): void {
    this.#inSyncAtMs.delete(key);
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
