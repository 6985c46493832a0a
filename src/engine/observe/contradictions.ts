/** A read that contradicts recent writes. */
export interface Contradiction {
  /** The uid of the object that was observed. */
  readonly uid: string;
  /** What the read shows; equal texts for equal states. */
  readonly shown: string;
  /** Monotonic ms of the read. */
  readonly atMs: number;
  /** The end of the propagation window, in monotonic ms. */
  readonly lagsUntilMs: number;
  /** A user has requested a reconcile, which shortens the window. */
  readonly isRequested: boolean;
}

interface Series {
  readonly shown: string;
  readonly sinceMs: number;
  readonly reads: number;
}

/** How many reads must agree, and for how long, so that a requested reconcile believes them. */
const MIN_READS = 3;
const MIN_AGREEMENT_MS = 15_000;

/** The objects whose reads contradict recent writes, with how often in a row they have shown the same. */
export class Contradictions {
  readonly #series = new Map<string, Series>();

  /** Records the read, and returns the monotonic ms until which it is taken for propagation delay. */
  record({ uid, shown, atMs, lagsUntilMs, isRequested }: Contradiction): number {
    const known = this.#series.get(uid);
    const series = known?.shown === shown ? { ...known, reads: known.reads + 1 } : { shown, sinceMs: atMs, reads: 1 };
    this.#series.set(uid, series);
    if (!isRequested) return lagsUntilMs;
    const agreeAtMs = series.sinceMs + MIN_AGREEMENT_MS;
    const nextMs = series.reads < MIN_READS ? atMs + MIN_AGREEMENT_MS / MIN_READS : agreeAtMs;
    return Math.min(lagsUntilMs, Math.max(agreeAtMs, nextMs));
  }

  /** Ends the series of an object whose reads agree with the writes, or that was written again. */
  end(uid: string): void {
    this.#series.delete(uid);
  }

  /** Removes the series that began before then: their objects may never be reconciled again. */
  evictBefore(sinceMs: number): void {
    for (const [uid, series] of this.#series) if (series.sinceMs < sinceMs) this.#series.delete(uid);
  }
}
