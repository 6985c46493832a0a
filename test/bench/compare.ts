import type { BenchRecord, Figure, Unit } from "./figures.ts";

/** What noise makes of a figure: a share of it, and an amount below which no difference counts. */
interface Noise {
  readonly share: number;
  readonly amount: number;
  /** True for figures that depend on the machine. */
  readonly isOfMachine: boolean;
}

const TIME: Noise = { share: 0.15, amount: 30, isOfMachine: true };
const COUNT: Noise = { share: 0, amount: 0, isOfMachine: false };
const NOISE: Readonly<Record<Unit, Noise>> = {
  "wall ms": TIME,
  "CPU ms": { ...TIME, share: 0.1 },
  "longest block ms": { ...TIME, share: 0.25, amount: 10 },
  // Both were measured in the same run, one after the other.
  "x floor": { share: 0.15, amount: 0.1, isOfMachine: false },
  reads: COUNT,
  writes: COUNT,
  requests: COUNT,
  // Two Events of an object that follow each other closely are one write.
  "API writes": { share: 0.02, amount: 2, isOfMachine: false },
  "RSS MiB": { share: 0.05, amount: 8, isOfMachine: false },
  "heap MiB": { share: 0.05, amount: 2, isOfMachine: false },
};
/** A spread of the samples counts so many times: the median of five strays less than the samples. */
const SPREADS = 2;

/** How a figure differs from the recorded one. */
export interface Difference {
  readonly figure: Figure;
  readonly recorded: Figure;
  readonly verdict: "worse" | "better";
}

/** The result of a comparison. */
export interface Comparison {
  readonly differences: readonly Difference[];
  readonly compared: number;
  /** Figures that only one of the runs has. */
  readonly unmatched: readonly string[];
  /** True when times were left out, because the runs are of different machines. */
  readonly isWithoutTimes: boolean;
}

/** What differs from the recorded run by more than noise. Times of different machines are not compared; ratios and counts are. */
export function compareRuns(run: BenchRecord, recorded: BenchRecord): Comparison {
  const isWithoutTimes = run.machine !== recorded.machine;
  const earlier = new Map(recorded.figures.map((figure) => [keyOf(figure), figure]));
  const later = new Set(run.figures.map(keyOf));
  const pairs = run.figures.flatMap((figure) => {
    const before = earlier.get(keyOf(figure));
    return before === undefined || (isWithoutTimes && NOISE[figure.unit].isOfMachine) ? [] : [{ figure, before }];
  });
  const differences = pairs.flatMap(({ figure, before }): readonly Difference[] => {
    const difference = figure.value - before.value;
    if (Math.abs(difference) <= noiseOf(figure, before)) return [];
    return [{ figure, recorded: before, verdict: difference > 0 ? "worse" : "better" }];
  });
  const unmatched = [
    ...run.figures.map(keyOf).filter((key) => !earlier.has(key)),
    ...[...earlier.keys()].filter((key) => !later.has(key)),
  ];
  return { differences, compared: pairs.length, unmatched, isWithoutTimes };
}

/** The comparison as lines, what is worse first and the largest change first. */
export function describeComparison({
  differences,
  compared,
  unmatched,
  isWithoutTimes,
}: Comparison): readonly string[] {
  const sorted = differences.toSorted((a, b) => b.verdict.localeCompare(a.verdict) || changeOf(b) - changeOf(a));
  const worse = differences.filter(({ verdict }) => verdict === "worse").length;
  return [
    ...sorted.map(lineOf),
    `${compared} figures compared: ${worse} worse, ${differences.length - worse} better, the others within noise.`,
    ...(isWithoutTimes ? ["The runs are of different machines: times are not compared."] : []),
    ...(unmatched.length === 0 ? [] : [`Only one run has: ${unmatched.join("; ")}`]),
  ];
}

function noiseOf(figure: Figure, recorded: Figure): number {
  const { share, amount } = NOISE[figure.unit];
  // Counts that vary between samples, such as those of a race, vary between runs.
  const spread = SPREADS * Math.max(figure.spread, recorded.spread);
  return Math.max(recorded.value * Math.max(share, spread), amount);
}

function changeOf({ figure, recorded }: Difference): number {
  return Math.abs(figure.value - recorded.value) / Math.max(recorded.value, 1);
}

function lineOf({ figure, recorded, verdict }: Difference): string {
  const change = recorded.value === 0 ? "" : ` (${signed(((figure.value - recorded.value) / recorded.value) * 100)} %)`;
  return `${verdict}: ${keyOf(figure)}: ${recorded.value} -> ${figure.value}${change}`;
}

function signed(percent: number): string {
  return `${percent > 0 ? "+" : ""}${percent.toFixed(0)}`;
}

function keyOf({ name, unit }: Figure): string {
  return `${name}, ${unit}`;
}
