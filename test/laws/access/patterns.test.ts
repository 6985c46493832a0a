import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { textWords, type WordSet } from "../../../src/model/access/compare/pattern-compiler.ts";
import { matchesWildcards, type PatternSet } from "../../../src/model/access/pattern-check.ts";
import { findWordIn, type WordQuery } from "../../../src/model/access/words/find-word.ts";
import { StepBudget } from "../../../src/model/access/words/step-budget.ts";
import type { WordKind } from "../../../src/model/access/words/word-kind.ts";
import { overlaps, within } from "../../support/access/pattern-questions.ts";
import { awsActions } from "../../support/aws-actions.ts";
import { lawRuns } from "../../support/law-runs.ts";

/** WILDCARD_RUNS=100000 is the size at which the laws were seen to hold; the default is what a push can bear. */
const numRuns = Number(process.env["WILDCARD_RUNS"] ?? lawRuns(1_000));

let actions: readonly string[];
beforeAll(async () => {
  actions = await awsActions();
});

/** Another way to match than the one under test. */
function expressionOf(pattern: string): RegExp {
  const source = Array.from(pattern, (character) => {
    if (character === "*") return "[^]*";
    return character === "?" ? "[^]" : character.replace(/[.+^${}()|[\]\\/-]/g, "\\$&");
  }).join("");
  return new RegExp(`^(?:${source})$`);
}

function matcherOf({ patterns, isNegated }: PatternSet): (word: string) => boolean {
  const expressions = patterns.map((pattern) => expressionOf(pattern.toLowerCase()));
  return (word) => expressions.some((expression) => expression.test(word)) !== isNegated;
}

/** Patterns near real actions: a piece kept, a piece replaced by wildcards, the case changed. */
const cut = fc.record({
  at: fc.nat(),
  from: fc.nat({ max: 24 }),
  length: fc.nat({ max: 12 }),
  by: fc.constantFrom("*", "?", "*?", "??", "", "**"),
  again: fc.boolean(),
});

type Cut = typeof cut extends fc.Arbitrary<infer T> ? T : never;

function patternNear(world: readonly string[], { at, from, length, by, again }: Cut): string {
  const action = world[at % world.length] ?? "";
  const [service = "", name = ""] = action.split(":");
  const cutName = name.slice(0, from) + by + name.slice(from + length);
  const pattern = `${again ? service : `${service.slice(0, from % 4)}*`}:${cutName || "*"}`;
  return at % 2 === 0 ? pattern : pattern.toUpperCase();
}

/** So many actions are tried in each run; the runs together go through all of them. */
const WORLD_SIZE = 600;
const worlds = fc.nat().map((at) => {
  const from = at % (actions.length - WORLD_SIZE);
  return actions.slice(from, from + WORLD_SIZE);
});

const lists = fc.array(cut, { minLength: 1, maxLength: 4 });
const subjects = fc.record({ cuts: lists, isNegated: fc.boolean() });

describe("over every action of AWS", () => {
  test("within and overlaps agree with trying each of them", () => {
    const seen = { within: 0, outside: 0, apart: 0, both: 0 };
    fc.assert(
      fc.property(worlds, subjects, lists, (world, { cuts, isNegated }, others) => {
        const near = (one: Cut): string => patternNear(world, one);
        const words = { patterns: cuts.map(near), isNegated };
        // Often a pattern beside one of the subject's own, or hardly any would be within.
        const listed = [...others, ...cuts.slice(0, others.length % 3)].map(near);
        const [isIn, isListed] = [matcherOf(words), matcherOf({ patterns: listed, isNegated: false })];
        const inWords = world.filter(isIn);

        const outside = within(words, listed, "actions");
        if (outside.found === "none") expect(inWords.filter((action) => !isListed(action))).toEqual([]);
        else expect(outside).toSatisfy(({ word }) => isIn(word) && !isListed(word));
        seen[outside.found === "none" ? "within" : "outside"] += 1;

        const both = overlaps(words, listed, "actions");
        if (both.found === "none") expect(inWords.filter(isListed)).toEqual([]);
        else expect(both).toSatisfy(({ word }) => isIn(word) && isListed(word));
        seen[both.found === "none" ? "apart" : "both"] += 1;
      }),
      { numRuns },
    );
    // Otherwise half of the law would be empty.
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(numRuns / 50);
  });

  test("a real action that answers the question is the example, when it is among the preferred", () => {
    fc.assert(
      fc.property(worlds, subjects, lists, (world, { cuts, isNegated }, others) => {
        const near = (one: Cut): string => patternNear(world, one);
        const words = { patterns: cuts.map(near), isNegated };
        const listed = others.map(near);
        const [isIn, isListed] = [matcherOf(words), matcherOf({ patterns: listed, isNegated: false })];
        const prefer = world.slice(0, 50);
        const expected = prefer.find((action) => isIn(action) && !isListed(action));
        const example = within(words, listed, "actions", { prefer });
        if (expected !== undefined) expect(example).toEqual({ found: "word", word: expected });
      }),
      { numRuns: lawRuns(100) },
    );
  });
});

/** Words of `a` and `b` alone, any of them, so that every short word can be tried. */
const AB: WordKind = {
  start: 0,
  next: (_, code) => (code === 97 || code === 98 ? 0 : undefined),
  accepts: () => true,
  literals: [],
  alphabet: [97, 98],
};

/** A word of the set that is also in the list (`isListed`), or that is not. */
function wordOfAB(set: PatternSet, list: readonly string[], isListed: boolean): string | undefined {
  const budget = new StepBudget(1_000_000);
  const query: { include: WordQuery["include"]; exclude: WordQuery["exclude"] } = { include: [], exclude: [] };
  const add = ({ globs }: WordSet, isIn: boolean): void => {
    if (isIn) query.include = [...query.include, globs];
    else query.exclude = [...query.exclude, globs];
  };
  add(textWords(set), !set.isNegated);
  add(textWords({ patterns: list, isNegated: false }), isListed);
  const word = findWordIn(query, AB, budget);
  return word && String.fromCharCode(...word);
}

function wordsUpTo(length: number): readonly string[] {
  if (length === 0) return [""];
  const shorter = wordsUpTo(length - 1);
  return [
    ...shorter,
    ...shorter.filter((word) => word.length === length - 1).flatMap((word) => [`${word}a`, `${word}b`]),
  ];
}

function patternsUpTo(length: number): readonly string[] {
  if (length === 0) return [""];
  const shorter = patternsUpTo(length - 1);
  const longest = shorter.filter((pattern) => pattern.length === length - 1);
  return [...shorter, ...["a", "b", "*", "?"].flatMap((character) => longest.map((pattern) => pattern + character))];
}

describe("over an alphabet of two letters", () => {
  const words = wordsUpTo(8);

  test("every pair of patterns of up to three characters is decided as by trying every word of up to eight", () => {
    const patterns = patternsUpTo(3);
    const matched = patterns.map((pattern) => {
      const expression = expressionOf(pattern);
      return words.map((word) => expression.test(word));
    });
    for (const [i, one] of patterns.entries()) {
      for (const [j, other] of patterns.entries()) {
        const mine = { patterns: [one], isNegated: false };
        const isWithin = words.every((_, w) => !matched[i]?.[w] || matched[j]?.[w]);
        const isApart = words.every((_, w) => !(matched[i]?.[w] && matched[j]?.[w]));
        expect([one, other, wordOfAB(mine, [other], false) === undefined]).toEqual([one, other, isWithin]);
        expect([one, other, wordOfAB(mine, [other], true) === undefined]).toEqual([one, other, isApart]);
      }
    }
  });

  test("lists of patterns, and all but a list, are decided as by trying every word, and the example is one", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 4 });
    const list = fc.array(pattern, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.boolean(), list, (patterns, isNegated, listed) => {
        const [isIn, isListed] = [
          matcherOf({ patterns, isNegated }),
          matcherOf({ patterns: listed, isNegated: false }),
        ];
        const outside = wordOfAB({ patterns, isNegated }, listed, false);
        expect(outside === undefined).toBe(!words.some((word) => isIn(word) && !isListed(word)));
        if (outside !== undefined) expect([isIn(outside), isListed(outside)]).toEqual([true, false]);
        const both = wordOfAB({ patterns, isNegated }, listed, true);
        expect(both === undefined).toBe(!words.some((word) => isIn(word) && isListed(word)));
        if (both !== undefined) expect([isIn(both), isListed(both)]).toEqual([true, true]);
      }),
      { numRuns },
    );
  });
});

test("what is matched is matched as a regular expression would", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "B", "/", "é"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "B", "/", "é", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, word, (one, text) => {
      expect(matchesWildcards(one, text, { foldsCase: false })).toBe(expressionOf(one).test(text));
    }),
    { numRuns },
  );
});
