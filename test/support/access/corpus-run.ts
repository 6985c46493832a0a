import { threadCpuUsage } from "node:process";
import type { AccessComparison } from "../../../src/model/access/access.ts";
import { type Compare, exampleFaults, requestText } from "./judge-comparison.ts";
import { probe } from "./probes.ts";
import type { Pair } from "./random-pairs.ts";

/** What the verdict must be; undefined when only the examples and a search by probes can judge it. */
export type Expectation = "no-new-access" | "new-access" | undefined;

interface Tally {
  comparisons: number;
  none: number;
  example: number;
  undecided: number;
  wrong: number;
}

/** Compares pairs, judges the verdicts and adds them up. */
export class CorpusRun {
  readonly #compare: Compare;
  readonly #report: (line: string) => void;
  readonly #tallies = new Map<string, Tally>();
  readonly #times: { readonly ms: number; readonly id: string }[] = [];
  readonly #reasons = new Map<string, number>();

  constructor(compare: Compare, report: (line: string) => void) {
    this.#compare = compare;
    this.#report = report;
  }

  compare(kind: string, id: string, pair: Pair, expected: Expectation): void {
    const tally = this.#tallies.get(kind) ?? { comparisons: 0, none: 0, example: 0, undecided: 0, wrong: 0 };
    this.#tallies.set(kind, tally);
    tally.comparisons += 1;
    const start = startNow();
    let comparison: AccessComparison;
    try {
      comparison = this.#compare(pair.from, pair.to);
    } catch (error) {
      tally.wrong += 1;
      this.#report(`${kind}: ${id}: ${String(error)}`);
      return;
    }
    this.#times.push({ ms: millisecondsSince(start), id: `${kind}: ${id}` });
    this.#count(tally, comparison, `${kind}: ${id}`);
    for (const fault of faultsOf(comparison, pair, expected)) {
      tally.wrong += 1;
      this.#report(`${kind}: ${id}: ${fault}`);
    }
  }

  #count(tally: Tally, comparison: AccessComparison, id: string): void {
    if (comparison.verdict === "no-new-access") tally.none += 1;
    if (comparison.verdict === "new-access") tally.example += 1;
    if (comparison.verdict !== "undecided") return;
    tally.undecided += 1;
    const [first] = comparison.undecided;
    const reason = first?.reason ?? "no reason";
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#report(`${id}: undecided: ${JSON.stringify(first)}`);
  }

  isRight(): boolean {
    return this.#tallies.size > 0 && [...this.#tallies.values()].every(({ wrong }) => wrong === 0);
  }

  figures(): unknown {
    const all = [...this.#tallies.values()];
    const sum = (of: (tally: Tally) => number): number => all.reduce((total, tally) => total + of(tally), 0);
    const times = this.#times.toSorted((a, b) => b.ms - a.ms);
    const comparisons = sum((tally) => tally.comparisons);
    return {
      comparisons,
      none: sum((tally) => tally.none),
      example: sum((tally) => tally.example),
      undecided: sum((tally) => tally.undecided),
      undecidedPercent: (100 * sum((tally) => tally.undecided)) / Math.max(1, comparisons),
      wrong: sum((tally) => tally.wrong),
      medianMs: times[Math.floor(times.length / 2)]?.ms,
      p99Ms: times[Math.floor(times.length / 100)]?.ms,
      slowest: times.slice(0, 5),
      reasons: Object.fromEntries([...this.#reasons].toSorted(([, a], [, b]) => b - a).slice(0, 20)),
      kinds: Object.fromEntries(this.#tallies),
    };
  }
}

/** A moment to measure from. */
export interface Start {
  readonly wall: number;
  readonly cpu: NodeJS.CpuUsage;
}

export function startNow(): Start {
  return { wall: performance.now(), cpu: threadCpuUsage() };
}

/** Longer times are processor time of this thread: other work on the machine does not count. Systems count that in too large steps for short ones. */
export function millisecondsSince({ wall, cpu }: Start): number {
  const elapsed = performance.now() - wall;
  const { user, system } = threadCpuUsage(cpu);
  return elapsed < 5 ? elapsed : Math.min(elapsed, (user + system) / 1_000);
}

function faultsOf(comparison: AccessComparison, pair: Pair, expected: Expectation): readonly string[] {
  const { verdict } = comparison;
  if (verdict === "undecided") return [];
  if (expected !== undefined && verdict !== expected) {
    const example = verdict === "new-access" ? `, ${JSON.stringify(comparison.examples[0])}` : "";
    return [`${verdict}, expected ${expected}${example}`];
  }
  if (verdict === "new-access")
    return exampleFaults(pair, comparison.examples).map(({ kind, text }) => `${kind}: ${text}`);
  const found = probe(pair);
  return found === undefined ? [] : [`no-new-access, but ${requestText(found)}`];
}
