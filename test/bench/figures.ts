/** One figure of a run of the bench: the median of its samples. */
export interface Figure {
  /** What was measured: `sandbox 200 controller create`. The same in every run. */
  readonly name: string;
  /** Of what: `wall ms`, `CPU ms`, `reads`, `writes`, `RSS MiB`. */
  readonly unit: Unit;
  readonly value: number;
  readonly samples: number;
  /** Half of the distance between the least and the greatest sample, as a share of the median. */
  readonly spread: number;
}

/** Less is better in all of them. */
export type Unit =
  | "wall ms"
  | "CPU ms"
  | "longest block ms"
  | "x floor"
  | "reads"
  | "writes"
  | "API writes"
  | "requests"
  | "RSS MiB"
  | "heap MiB";

/** A run of the bench, as it is recorded. */
export interface BenchRecord {
  readonly date: string;
  readonly machine: string;
  /** The least and the greatest load average of the machine at the end of a measurement. */
  readonly load: readonly [least: number, greatest: number];
  readonly figures: readonly Figure[];
}

/** The figure of some samples, of which there is at least one. */
export function figureOf(name: string, unit: Unit, samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const [least = 0] = sorted;
  const greatest = sorted.at(-1) ?? 0;
  const value = medianOf(samples);
  const spread = value === 0 ? 0 : (greatest - least) / 2 / value;
  return { name, unit, value: round(value), samples: samples.length, spread: round(spread) };
}

/** The median; of an even number, the lesser of the two in the middle, which was measured. */
export function medianOf(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[(samples.length - 1) >> 1] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
