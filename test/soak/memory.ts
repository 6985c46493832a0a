/** Memory of one process at one time. */
export interface MemorySample {
  readonly rssMiB: number;
  readonly heapUsedMiB: number;
}

/** How memory went: at the beginning, once warm, and at the end; and whether the difference is one that means nothing. */
export interface MemoryVerdict {
  readonly rssMiB: readonly [number, number];
  readonly heapFloorMiB: readonly [number, number];
  readonly isFlat: boolean;
}

/** Of the run; a process that warms up grows. */
const WARM_UP = 0.25;
/** Growth that the garbage collector's moods explain, as a share and in MiB, whichever is more. */
const ALLOWED = { share: 0.1, rssMiB: 15, heapMiB: 6 };

/**
 * Compares the first third after the warm-up with the last: of the resident set the median, of the heap the tenth percentile,
 * which is near what is left after a full collection.
 *
 * Errors: RangeError for fewer than 24 samples, which say nothing.
 */
export function judgeMemory(samples: readonly MemorySample[]): MemoryVerdict {
  if (samples.length < 24) throw new RangeError(`${samples.length} samples of memory are too few to judge by`);
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.floor(warm.length / 3);
  const [first, last] = [warm.slice(0, third), warm.slice(-third)];
  const rss = [first, last].map((part) => quantile(part, ({ rssMiB }) => rssMiB, 0.5)) as [number, number];
  const heap = [first, last].map((part) => quantile(part, ({ heapUsedMiB }) => heapUsedMiB, 0.1)) as [number, number];
  return {
    rssMiB: rss,
    heapFloorMiB: heap,
    isFlat: isFlat(rss, ALLOWED.rssMiB) && isFlat(heap, ALLOWED.heapMiB),
  };
}

/** Of each tenth of the run: resident set (median) and floor of the heap, MiB. A leak grows on, a process that warms up stops. */
export function memoryByTenth(
  samples: readonly MemorySample[],
): readonly (readonly [rssMiB: number, floorMiB: number])[] {
  return Array.from({ length: 10 }, (_, i) => {
    const part = samples.slice(Math.floor((i * samples.length) / 10), Math.floor(((i + 1) * samples.length) / 10));
    return [
      quantile(part, ({ rssMiB }) => rssMiB, 0.5),
      quantile(part, ({ heapUsedMiB }) => heapUsedMiB, 0.1),
    ] as const;
  });
}

function isFlat([before, after]: readonly [number, number], allowedMiB: number): boolean {
  return after - before <= Math.max(before * ALLOWED.share, allowedMiB);
}

function quantile(samples: readonly MemorySample[], of: (sample: MemorySample) => number, share: number): number {
  const sorted = samples.map(of).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}
