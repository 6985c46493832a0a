import { asciiLowerCase } from "./policy-json.ts";
import { type Automaton, StepBudget, TooManySteps, wordsMatching, wordsNotMatching } from "./wildcard-automata.ts";
import { placesOf } from "./wildcard-places.ts";
import type { WordKind } from "./wildcard-words.ts";

/** What a statement is about: the words that a pattern matches, or, `negated`, all words of the kind but those. */
export interface WordSet {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

/** The answer to "is there such a word?". `undecided`: not within the steps that one question may take; count it as yes. */
export type Example =
  | { readonly found: "none" }
  | { readonly found: "word"; readonly word: string }
  | { readonly found: "undecided" };

/**
 * Steps that one question may take, some tens of ms. The question is as hard as any that has an answer to be guessed and checked
 * (coNP), so some questions have no short answer, and there must be a bound. Patterns of people need hundreds to thousands; what uses it up has many `*`
 * followed by `?` in one pattern.
 */
export const MAX_STEPS = 100_000;

/** How to look for an example. */
export interface Wanted {
  /** Well-known words, as one spells them: the first one that will do is the example, before any that was made up. */
  readonly prefer?: readonly string[];
  /** Shared by all questions that have to be answered together; by default each has a whole one. */
  readonly budget?: StepBudget;
}

/**
 * Is every word of `words` matched by one of the patterns in `allowed`? The example is a word that is not: a preferred one, else a
 * shortest. Exact, by a walk through the product of both sides' automata: `none` is a proof.
 */
export function within(words: WordSet, allowed: readonly string[], kind: WordKind, wanted: Wanted = {}): Example {
  return search(words, { patterns: allowed, negated: true }, kind, wanted);
}

/** Does any word of `words` match one of the patterns in `denied`? The example is a word of both. Exact, as {@link within}. */
export function overlaps(words: WordSet, denied: readonly string[], kind: WordKind, wanted: Wanted = {}): Example {
  return search(words, { patterns: denied, negated: false }, kind, wanted);
}

/** True when the pattern matches the word. */
export function matchesWildcards(pattern: string, word: string, kind: Pick<WordKind, "foldsCase">): boolean {
  return holds(wordsMatching(placesOf([pattern], kind.foldsCase), UNLIMITED), word, kind);
}

function search(one: WordSet, other: WordSet, kind: WordKind, wanted: Wanted): Example {
  const budget = wanted.budget ?? new StepBudget(MAX_STEPS);
  try {
    const sides: Sides = [automatonOf(one, kind, budget), automatonOf(other, kind, budget)];
    const known = wanted.prefer?.find((word) => sides.every((side) => holds(side, word, kind)));
    const word = known ?? firstWord(sides, kind, budget);
    return word === undefined ? { found: "none" } : { found: "word", word };
  } catch (error) {
    if (error instanceof TooManySteps) return { found: "undecided" };
    throw error;
  }
}

const UNLIMITED = new StepBudget(Number.POSITIVE_INFINITY);

type Sides = readonly [Automaton, Automaton];

function automatonOf({ patterns, negated }: WordSet, kind: WordKind, budget: StepBudget): Automaton {
  const places = placesOf(patterns, kind.foldsCase);
  return negated ? wordsNotMatching(places, budget) : wordsMatching(places, budget);
}

function holds(side: Automaton, word: string, kind: Pick<WordKind, "foldsCase">): boolean {
  const compared = kind.foldsCase ? asciiLowerCase(word) : word;
  let states = side.starts;
  for (let index = 0; index < compared.length; index += 1) {
    const code = compared.charCodeAt(index);
    states = [...new Set(states.flatMap((state) => side.next(state, code)))];
  }
  return states.some((state) => side.accepts(state));
}

/** A word on its way: where it stands in both sides and in the kind, and how it came there. */
interface Node {
  readonly one: number;
  readonly other: number;
  readonly kind: number;
  readonly parent: Node | undefined;
  readonly code: number;
}

/** Walks both sides at once, breadth first: so the first word of both that is met is a shortest. */
function firstWord([one, other]: Sides, kind: WordKind, budget: StepBudget): string | undefined {
  const frontier = new Frontier(budget);
  frontier.reach(undefined, 0, one.starts, other.starts, kind.start);
  for (let node = frontier.take(); node !== undefined; node = frontier.take()) {
    if (kind.accepts(node.kind) && one.accepts(node.one) && other.accepts(node.other)) return wordOf(node);
    for (const code of codesAt(node, one, other, kind)) {
      const at = kind.next(node.kind, code);
      if (at !== undefined) frontier.reach(node, code, one.next(node.one, code), other.next(node.other, code), at);
    }
  }
  return undefined;
}

/** What was reached and is to be looked at, each once, in the order it was reached. */
class Frontier {
  readonly #budget: StepBudget;
  readonly #queue: Node[] = [];
  // By the first side and the kind, then by the second: small integers are found several times faster than large ones.
  readonly #seen = new Map<number, Set<number>>();
  #taken = 0;

  constructor(budget: StepBudget) {
    this.#budget = budget;
  }

  take(): Node | undefined {
    const node = this.#queue[this.#taken];
    this.#taken += 1;
    return node;
  }

  reach(
    parent: Node | undefined,
    code: number,
    ones: readonly number[],
    others: readonly number[],
    kind: number,
  ): void {
    this.#budget.spend(1 + ones.length * others.length);
    for (const one of ones) {
      const seen = this.#seenWith(one * 16 + kind);
      for (const other of others) {
        if (seen.has(other)) continue;
        seen.add(other);
        this.#queue.push({ one, other, kind, parent, code });
      }
    }
  }

  #seenWith(key: number): Set<number> {
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const fresh = new Set<number>();
    this.#seen.set(key, fresh);
    return fresh;
  }
}

/** The characters that make a difference here, and one that stands for all the rest. */
function codesAt(node: Node, one: Automaton, other: Automaton, kind: WordKind): readonly number[] {
  if (one.takesLiteralsOnly(node.one)) return one.literals(node.one);
  if (other.takesLiteralsOnly(node.other)) return other.literals(node.other);
  const named = new Set([...one.literals(node.one), ...other.literals(node.other), ...kind.literals]);
  const rest = kind.alphabet.find((code) => !named.has(code));
  return rest === undefined ? [...named] : [rest, ...named];
}

function wordOf(last: Node): string {
  const codes: number[] = [];
  for (let node: Node | undefined = last; node?.parent !== undefined; node = node.parent) codes.push(node.code);
  return String.fromCharCode(...codes.reverse());
}
