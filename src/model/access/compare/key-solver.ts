import { findWordIn } from "../words/find-word.ts";
import type { GlobSet } from "../words/glob-set.ts";
import type { StepBudget } from "../words/step-budget.ts";
import { TEXT_WORDS } from "../words/word-kind.ts";
import { wordText } from "../words/word-search.ts";
import type { ConditionTest } from "./access-statement.ts";
import type { Matcher, Order } from "./condition-matcher.ts";
import { type AddressRange, addressText, lastAddress } from "./condition-values.ts";
import { isOfType } from "./key-types.ts";

/** A test of a condition key that must hold, or must not. */
export interface Literal {
  readonly test: ConditionTest;
  readonly holds: boolean;
}

/** Values of a condition key for which literals hold. */
export interface KeySolution {
  /** Empty: the key is absent. */
  readonly values: readonly string[];
  /** False when AWS alone knows whether the literals hold. */
  readonly isCertain: boolean;
}

/**
 * Values of one condition key for which all literals hold; undefined when there are none, which is a proof. A key has one value, or is
 * absent. `isMultivalued`: it can have several.
 *
 * Errors: StepBudgetExceeded.
 */
export function solveKey(
  literals: readonly Literal[],
  isMultivalued: boolean,
  budget: StepBudget,
): KeySolution | undefined {
  budget.spend(literals.length);
  if (contradicts(literals)) return undefined;
  const known = literals.filter(({ test }) => test.matcher.family !== "unknown");
  const isCertain = known.length === literals.length;
  if (known.every(holdsWhenAbsent)) return { values: [], isCertain };
  if (!known.every(mayHoldWhenPresent)) return undefined;
  const tested = known.filter(({ test }) => test.matcher.family !== "presence");
  const families = new Set(tested.map(({ test }) => test.matcher.family));
  // No value is of two types, and how AWS compares a value of another type is not documented.
  if (families.size > 1) return { values: ["example"], isCertain: false };
  const wants = tested.map(wantedMatch);
  const single = solveValue(wants, budget) ?? valueOfNoType(literals, wants);
  if (single !== undefined) return { values: [single], isCertain };
  if (!isMultivalued) return undefined;
  const several = solveSeveral(tested, budget);
  // AWS advises against operators for one value on a key that has several.
  const isPlain = tested.some(({ test }) => test.quantifier === "one");
  return several && { values: several, isCertain: isCertain && !isPlain };
}

function contradicts(literals: readonly Literal[]): boolean {
  const wanted = new Map(literals.map(({ test, holds }) => [test.id, holds]));
  return literals.some(({ test, holds }) => wanted.get(test.id) !== holds);
}

/**
 * What an absent key means: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and, for
 * sets of values, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function holdsWhenAbsent({ test, holds }: Literal): boolean {
  const { matcher, quantifier, ifExists, isNegated } = test;
  if (matcher.family === "presence") return matcher.whenAbsent === holds;
  if (quantifier === "any") return !holds;
  return (quantifier === "all" || ifExists || isNegated) === holds;
}

function mayHoldWhenPresent({ test: { matcher }, holds }: Literal): boolean {
  return matcher.family !== "presence" || matcher.whenPresent === holds;
}

/** A matcher that one value must match, or must not. */
interface Want {
  readonly matcher: Matcher;
  readonly matches: boolean;
}

function wantedMatch({ test: { matcher, isNegated }, holds }: Literal): Want {
  return { matcher, matches: holds !== isNegated };
}

/**
 * A plain operator holds for several values when one matches, or, negated, when none does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
function needsAll({ quantifier, isNegated }: Literal["test"]): boolean {
  return quantifier === "all" || (quantifier === "one" && isNegated);
}

/**
 * Several values in which every universal holds for each, and every existential for one; undefined when there are none. Without an existential,
 * one value would do.
 */
function solveSeveral(literals: readonly Literal[], budget: StepBudget): readonly string[] | undefined {
  const isUniversal = ({ test, holds }: Literal): boolean => needsAll(test) === holds;
  const universals = literals.filter(isUniversal).map(wantedMatch);
  const existentials = literals.filter((literal) => !isUniversal(literal)).map(wantedMatch);
  if (existentials.length === 0) return undefined;
  const values: string[] = [];
  for (const existential of existentials) {
    const wants = [...universals, existential];
    const value = solveValue(wants, budget) ?? valueOfNoType(literals, wants);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return [...new Set(values)];
}

/** A value that no operator but those of texts can read, when none of them has to match, and the key can have one. */
function valueOfNoType(literals: readonly Literal[], wants: readonly Want[]): string | undefined {
  const isTyped = literals.some(({ test }) => isOfType(test.key, test.matcher.family));
  return !isTyped && wants.every(({ matcher, matches }) => !matches && matcher.family !== "text")
    ? "example"
    : undefined;
}

/** A value as wanted; undefined when there is none. All matchers are of one family. */
function solveValue(wants: readonly Want[], budget: StepBudget): string | undefined {
  const [first] = wants;
  if (first === undefined) return "example";
  switch (first.matcher.family) {
    case "text":
      return solveText(wants, budget);
    case "number":
    case "date":
      return solveLine(wants, first.matcher.family, budget);
    case "truth":
      return ["true", "false"].find((value) => wants.every((want) => truthMatches(want, value === "true")));
    case "address":
      return solveAddress(wants, budget);
    default:
      return undefined;
  }
}

function solveText(wants: readonly Want[], budget: StepBudget): string | undefined {
  const sets = (matches: boolean): readonly GlobSet[] =>
    wants.flatMap((want) => (want.matches === matches && want.matcher.family === "text" ? [want.matcher.globs] : []));
  const word = findWordIn({ include: sets(true), exclude: sets(false) }, TEXT_WORDS, budget);
  return word && wordText(word);
}

function solveLine(wants: readonly Want[], family: "number" | "date", budget: StepBudget): string | undefined {
  const matchers = wants.flatMap(({ matcher, matches }) =>
    matcher.family === "number" || matcher.family === "date" ? [{ matcher, matches }] : [],
  );
  const candidates = lineCandidates(matchers.flatMap(({ matcher }) => matcher.bounds));
  budget.spend(candidates.length * matchers.length);
  const found = candidates.find((value) =>
    matchers.every(({ matcher, matches }) => lineMatches(matcher.order, matcher.bounds, value) === matches),
  );
  if (found === undefined) return undefined;
  return family === "number" ? String(found) : new Date(found).toISOString();
}

function truthMatches({ matcher, matches }: Want, value: boolean): boolean {
  return matcher.family === "truth" && matcher.values.has(value) === matches;
}

function solveAddress(wants: readonly Want[], budget: StepBudget): string | undefined {
  const matchers = wants.flatMap(({ matcher, matches }) =>
    matcher.family === "address" ? [{ ranges: matcher.ranges, matches }] : [],
  );
  const candidates = addressCandidates(matchers.flatMap(({ ranges }) => ranges));
  budget.spend(candidates.length * matchers.length);
  return candidates.find((candidate) =>
    matchers.every(({ ranges, matches }) => addressMatches(ranges, candidate) === matches),
  )?.text;
}

/**
 * Points of a line that stand for all others: each bound, one point between each bound and the next, and one beyond either end. Between
 * neighbouring bounds, every point compares alike.
 */
function lineCandidates(bounds: readonly number[]): readonly number[] {
  const sorted = [...new Set(bounds)].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [0];
  const between = sorted.slice(1).map((bound, index) => middle(sorted[index] ?? bound, bound));
  return [...sorted, ...between, first - 1, last + 1];
}

/** A whole number where there is one. */
function middle(low: number, high: number): number {
  const whole = Math.floor(low) + 1;
  return whole < high ? whole : (low + high) / 2;
}

/** True when the value compares with one of the bounds as wanted. */
function lineMatches(order: Order, bounds: readonly number[], value: number): boolean {
  return bounds.some((bound) => COMPARE[order](value, bound));
}

const COMPARE: Readonly<Record<Order, (value: number, bound: number) => boolean>> = {
  equals: (value, bound) => value === bound,
  lessthan: (value, bound) => value < bound,
  lessthanequals: (value, bound) => value <= bound,
  greaterthan: (value, bound) => value > bound,
  greaterthanequals: (value, bound) => value >= bound,
};

/** An IP address. */
interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
  readonly text: string;
}

/** Addresses that stand for all others: the ends of each range and their neighbours, and one of each version. */
function addressCandidates(ranges: readonly AddressRange[]): readonly Address[] {
  const ends = ranges.flatMap(({ version, first, last }) =>
    [first, last, first - 1n, last + 1n].map((value) => ({ version, value })),
  );
  const any = [
    { version: 4 as const, value: 0xc000_0201n },
    { version: 6 as const, value: 0x2001_0db8n << 96n },
  ];
  return [...any, ...ends]
    .filter(({ version, value }) => value >= 0n && value <= lastAddress(version))
    .map(({ version, value }) => ({ version, value, text: addressText(version, value) }));
}

/** True when the address is in one of the ranges. */
function addressMatches(ranges: readonly AddressRange[], { version, value }: Address): boolean {
  return ranges.some((range) => range.version === version && range.first <= value && value <= range.last);
}
