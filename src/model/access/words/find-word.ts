import { type Glob, globOf, REPEATS } from "./glob.ts";
import { GlobSet } from "./glob-set.ts";
import type { StepBudget } from "./step-budget.ts";
import { TOKEN } from "./tokens.ts";
import type { WordKind } from "./word-kind.ts";
import { type Automaton, type SearchQuery, type Word, WordSearch } from "./word-search.ts";

/** Asks for a word that each set of `include` and no set of `exclude` matches. */
export interface WordQuery {
  readonly include: readonly GlobSet[];
  readonly exclude: readonly GlobSet[];
}

const EVERYTHING = new GlobSet([globOf([TOKEN.anyText])]);

/** Answers questions about the words of one kind, within one budget. What it learns about two patterns, it keeps. */
export class WordFinder {
  readonly #kind: WordKind;
  readonly #budget: StepBudget;
  readonly #relations = new WeakMap<Glob, Map<GlobSet, Relation>>();

  constructor(kind: WordKind, budget: StepBudget) {
    this.#kind = kind;
    this.#budget = budget;
  }

  /**
   * A word as asked for, a short one; undefined when there is none, which is a proof.
   *
   * Errors: StepBudgetExceeded.
   */
  find({ include, exclude }: WordQuery): Word | undefined {
    this.#budget.spend(1 + include.length + exclude.length);
    // A variable stands for any text only in a word of a set where it is itself.
    const exact = include.filter(({ variablesAreAnyText }) => !variablesAreAnyText);
    const pivot =
      [...(exact.length > 0 ? exact : include)].sort((a, b) => a.globs.length - b.globs.length)[0] ?? EVERYTHING;
    const others = include.filter((set) => set !== pivot);
    for (const glob of pivot.globs) {
      const word = this.#findIn(glob, others, exclude);
      if (word !== undefined) return word;
    }
    return undefined;
  }

  /** True only when one glob of the set matches every word that the glob matches. False says nothing. */
  isWithinOne(glob: Glob, set: GlobSet): boolean {
    return this.#relation(glob, set).isContained;
  }

  #findIn(glob: Glob, include: readonly GlobSet[], exclude: readonly GlobSet[]): Word | undefined {
    const inside = include.map((set) => this.#relation(glob, set));
    if (inside.some(({ meeting }) => meeting.length === 0)) return undefined;
    const outside = exclude.map((set) => this.#relation(glob, set));
    if (outside.some(({ isContained }) => isContained)) return undefined;
    const query = {
      glob,
      inside: inside.filter(({ isContained }) => !isContained).map(automaton),
      outside: outside.filter(({ meeting }) => meeting.length > 0).map(automaton),
      kind: this.#kind,
      budget: this.#budget,
    };
    const isDecided = glob.name !== undefined && query.inside.length + query.outside.length === 0;
    return isDecided ? this.#ofKind([...glob.codes]) : search(query);
  }

  #ofKind(word: Word): Word | undefined {
    this.#budget.spend(1 + (word.length >> 4));
    let state: number | undefined = this.#kind.start;
    for (const code of word) state = state === undefined ? undefined : this.#kind.next(state, code);
    return state !== undefined && this.#kind.accepts(state) ? word : undefined;
  }

  #relation(glob: Glob, set: GlobSet): Relation {
    const known = this.#relations.get(glob) ?? new Map<GlobSet, Relation>();
    this.#relations.set(glob, known);
    const relation = known.get(set) ?? relationOf(glob, set, this.#budget);
    known.set(set, relation);
    return relation;
  }
}

/** The answer of a new {@link WordFinder}. */
export function findWordIn(query: WordQuery, kind: WordKind, budget: StepBudget): Word | undefined {
  return new WordFinder(kind, budget).find(query);
}

interface Relation {
  readonly set: GlobSet;
  /** The globs of the set that may share a word with the glob. */
  readonly meeting: readonly number[];
  /** True only when one of them matches every word that the glob matches. */
  readonly isContained: boolean;
}

function relationOf(glob: Glob, set: GlobSet, budget: StepBudget): Relation {
  const meeting = set.meeting(glob, budget);
  const isSame = glob.name !== undefined && meeting.some((index) => set.globs[index]?.name === glob.name);
  return { set, meeting, isContained: isSame || (meeting.length > 0 && isWithinOne(glob, set, meeting, budget)) };
}

/** Walks the tokens of the glob as if its wildcards were characters. */
function isWithinOne({ codes, repeats }: Glob, set: GlobSet, meeting: readonly number[], budget: StepBudget): boolean {
  let positions = set.start(meeting);
  for (let position = 0; positions.blocks.length > 0; position += 1) {
    if (repeats[position] !== REPEATS.nothing) positions = set.repeat(positions, repeats[position]);
    if (set.acceptsAll(positions)) return true;
    const code = codes[position];
    if (code === undefined) return set.accepts(positions);
    positions = set.step(positions, code, budget);
  }
  return false;
}

function automaton({ set, meeting }: Relation): Automaton {
  return { set, meeting, start: set.start(meeting) };
}

/** A word is in one set when it is in one of its globs. One glob at a time has fewer positions than all at once. */
function search(query: SearchQuery): Word | undefined {
  const [only, ...more] = query.inside;
  if (only === undefined || more.length > 0) return new WordSearch(query).run();
  for (const index of only.meeting) {
    const word = new WordSearch({ ...query, inside: [{ ...only, start: only.set.start([index]) }] }).run();
    if (word !== undefined) return word;
  }
  return undefined;
}
