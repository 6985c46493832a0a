import { expect, test } from "vitest";
import { compareRuns, describeComparison } from "../bench/compare.ts";
import { type BenchRecord, type Figure, figureOf, medianOf } from "../bench/figures.ts";

const MACHINE = "2 cores, 24 GiB, Node v24";

function record(figures: readonly Figure[], machine = MACHINE): BenchRecord {
  return { date: "2026-01-01", machine, load: [0, 0], figures };
}

const wall = (value: number, spread = 0): Figure => ({ name: "create", unit: "wall ms", value, samples: 5, spread });
const reads = (value: number): Figure => ({ name: "create", unit: "reads", value, samples: 5, spread: 0 });

function verdicts(run: readonly Figure[], recorded: readonly Figure[]): readonly string[] {
  return compareRuns(record(run), record(recorded)).differences.map(({ verdict }) => verdict);
}

test("the median is one of the samples, and the spread says how far they lie apart", () => {
  expect(medianOf([5, 1, 9])).toBe(5);
  expect(medianOf([9, 1])).toBe(1);
  expect(figureOf("create", "wall ms", [120, 100, 80])).toEqual({
    name: "create",
    unit: "wall ms",
    value: 100,
    samples: 3,
    spread: 0.2,
  });
  expect(figureOf("create", "reads", [0, 0])).toMatchObject({ value: 0, spread: 0 });
});

test("a time is worse only beyond the noise of times", () => {
  expect(verdicts([wall(1_140)], [wall(1_000)])).toEqual([]);
  expect(verdicts([wall(1_160)], [wall(1_000)])).toEqual(["worse"]);
  expect(verdicts([wall(800)], [wall(1_000)])).toEqual(["better"]);
  // A few milliseconds more are no news, whatever share they are.
  expect(verdicts([wall(60)], [wall(40)])).toEqual([]);
});

test("samples that lie far apart widen the noise", () => {
  expect(verdicts([wall(1_300, 0.2)], [wall(1_000)])).toEqual([]);
  expect(verdicts([wall(1_300)], [wall(1_000, 0.2)])).toEqual([]);
  expect(verdicts([wall(1_500, 0.2)], [wall(1_000)])).toEqual(["worse"]);
});

test("one request more is worse, and one less is better", () => {
  expect(verdicts([reads(1)], [reads(0)])).toEqual(["worse"]);
  expect(verdicts([reads(603)], [reads(602)])).toEqual(["worse"]);
  expect(verdicts([reads(601)], [reads(602)])).toEqual(["better"]);
});

test("times of another machine are not compared, requests are", () => {
  const comparison = compareRuns(record([wall(9_000), reads(2)]), record([wall(1_000), reads(1)], "another"));
  expect(comparison.differences).toMatchObject([{ figure: { unit: "reads" }, verdict: "worse" }]);
  expect(describeComparison(comparison)).toContain("The runs are of different machines: times are not compared.");
});

test("what is worse comes first, with the largest change on top, and what only one run has is named", () => {
  const named = (name: string, value: number): Figure => ({ ...wall(value), name });
  const run = record([named("a", 500), named("b", 1_500), named("c", 3_000), named("new", 1)]);
  const recorded = record([named("a", 1_000), named("b", 1_000), named("c", 1_000), named("old", 1)]);
  expect(describeComparison(compareRuns(run, recorded))).toEqual([
    "worse: c, wall ms: 1000 -> 3000 (+200 %)",
    "worse: b, wall ms: 1000 -> 1500 (+50 %)",
    "better: a, wall ms: 1000 -> 500 (-50 %)",
    "3 figures compared: 2 worse, 1 better, the others within noise.",
    "Only one run has: new, wall ms; old, wall ms",
  ]);
});
