import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { matchesWildcards, overlaps, type WordSet, within } from "../../src/model/wildcard/wildcard-containment.ts";
import { ACTIONS, RESOURCES, type WordKind } from "../../src/model/wildcard/wildcard-tokens.ts";
import { awsActions } from "../support/aws-actions.ts";

/** WILDCARD_RUNS=100000 is the size at which the laws were seen to hold; the default is what a push can bear. */
const numRuns = Number(process.env["WILDCARD_RUNS"] ?? 1_000);

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

function matcherOf({ patterns, negated }: WordSet): (word: string) => boolean {
  const expressions = patterns.map((pattern) => expressionOf(pattern.toLowerCase()));
  return (word) => expressions.some((expression) => expression.test(word)) !== negated;
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
const subjects = fc.record({ cuts: lists, negated: fc.boolean() });

describe("over every action of AWS", () => {
  test("within and overlaps agree with trying each of them", () => {
    const seen = { within: 0, outside: 0, apart: 0, both: 0 };
    fc.assert(
      fc.property(worlds, subjects, lists, (world, { cuts, negated }, others) => {
        const near = (one: Cut): string => patternNear(world, one);
        const words = { patterns: cuts.map(near), negated };
        // Often a pattern beside one of the subject's own, or hardly any would be within.
        const listed = [...others, ...cuts.slice(0, others.length % 3)].map(near);
        const [isIn, isListed] = [matcherOf(words), matcherOf({ patterns: listed, negated: false })];
        const inWords = world.filter(isIn);

        const outside = within(words, listed, ACTIONS);
        if (outside.found === "none") expect(inWords.filter((action) => !isListed(action))).toEqual([]);
        else expect(outside).toSatisfy(({ word }) => isIn(word) && !isListed(word));
        seen[outside.found === "none" ? "within" : "outside"] += 1;

        const both = overlaps(words, listed, ACTIONS);
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
      fc.property(worlds, subjects, lists, (world, { cuts, negated }, others) => {
        const near = (one: Cut): string => patternNear(world, one);
        const words = { patterns: cuts.map(near), negated };
        const listed = others.map(near);
        const [isIn, isListed] = [matcherOf(words), matcherOf({ patterns: listed, negated: false })];
        const prefer = world.slice(0, 50);
        const expected = prefer.find((action) => isIn(action) && !isListed(action));
        const example = within(words, listed, ACTIONS, { prefer });
        if (expected !== undefined) expect(example).toEqual({ found: "word", word: expected });
      }),
      { numRuns: 100 },
    );
  });
});

/** Words of `a` and `b` alone, any of them, so that every short word can be tried. */
const AB: WordKind = {
  foldsCase: false,
  start: 0,
  next: (_, code) => (code === 97 || code === 98 ? 0 : undefined),
  accepts: () => true,
  literals: [],
  alphabet: [97, 98],
};

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
        const mine = { patterns: [one], negated: false };
        const isWithin = words.every((_, w) => !matched[i]?.[w] || matched[j]?.[w]);
        const isApart = words.every((_, w) => !(matched[i]?.[w] && matched[j]?.[w]));
        expect([one, other, within(mine, [other], AB).found === "none"]).toEqual([one, other, isWithin]);
        expect([one, other, overlaps(mine, [other], AB).found === "none"]).toEqual([one, other, isApart]);
      }
    }
  });

  test("lists of patterns, and all but a list, are decided as by trying every word, and the example is a shortest", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 4 });
    const list = fc.array(pattern, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.boolean(), list, (patterns, negated, listed) => {
        const [isIn, isListed] = [matcherOf({ patterns, negated }), matcherOf({ patterns: listed, negated: false })];
        const outside = words.find((word) => isIn(word) && !isListed(word));
        const both = words.find((word) => isIn(word) && isListed(word));
        for (const [example, shortest] of [
          [within({ patterns, negated }, listed, AB), outside],
          [overlaps({ patterns, negated }, listed, AB), both],
        ] as const) {
          expect(example.found).toBe(shortest === undefined ? "none" : "word");
          if (example.found === "word") expect(example.word.length).toBe(shortest?.length);
        }
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
      expect(matchesWildcards(one, text, RESOURCES)).toBe(expressionOf(one).test(text));
    }),
    { numRuns },
  );
});
