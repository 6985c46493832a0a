/**
 * Which objects of one account the scans of it cover, by key: an object that was seen in sync is not read by itself while scans
 * read it together with all others.
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

  /** A scan is about to read all objects at once: what no user waits for waits for it. */
  get isFirstScanAhead(): boolean {
    return this.#isFirstScanAhead;
  }

  /** As `isFirstScanAhead`, for what waits no longer than so long. */
  isFirstScanAheadFor(maxWaitMs: number): boolean {
    return this.#isFirstScanAhead && this.#monotonicMs() - this.#expectedSinceMs < maxWaitMs;
  }

  expectScan(): void {
    if (this.#isFirstScanAhead) return;
    this.#expectedSinceMs = this.#monotonicMs();
    this.#isFirstScanAhead = true;
  }

  /** Scans work, and will come again: what was in sync within the last `coversMs` needs no read of its own. 0: they do not. */
  scanEnded(coversMs: number): void {
    this.#isFirstScanAhead = false;
    this.#coversMs = coversMs;
  }

  /** The object was seen in sync. */
  recordInSync(key: string, atMs: number = this.#monotonicMs()): void {
    this.#inSyncAtMs.set(key, atMs);
    this.#different.delete(key);
  }

  /** A scan saw that AWS differs from the object's spec or status. */
  recordDifference(key: string): void {
    this.#inSyncAtMs.delete(key);
    this.#different.add(key);
  }

  /** A reconcile has ended; it has verified the object, or not. */
  reconciled(key: string, isVerified: boolean): void {
    if (isVerified) this.recordInSync(key);
    else this.forget(key);
  }

  /** True when the last that is known of the object is a difference that a scan saw. */
  isDifferent(key: string): boolean {
    return this.#different.has(key);
  }

  /** True when the object was in sync not long ago and a scan will read it again. */
  covers(key: string): boolean {
    const atMs = this.#inSyncAtMs.get(key);
    return atMs !== undefined && this.#monotonicMs() - atMs < this.#coversMs;
  }

  /** Nothing is known of the object any more. */
  forget(key: string): void {
    this.#inSyncAtMs.delete(key);
    this.#different.delete(key);
  }
}

/** The coverage of each account: one may be scanned while another may not be read as a whole. */
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
