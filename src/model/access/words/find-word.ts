import { endsMayMeet, type Glob, globOf, REPEATS, repeatAccepts } from "./glob.ts";
import { GlobSet, isSubset, OTHER, type Positions } from "./glob-set.ts";
import type { StepBudget } from "./step-budget.ts";
import { COLON, foldCode, isVariableCode, TOKEN } from "./token.ts";
import { MAX_KIND_STATES, type WordKind } from "./word-kind.ts";

/** The characters of a word; a policy variable is one character. */
export type Word = readonly number[];

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
    const pivot = include.reduce((a, b) => (b.globs.length < a.globs.length ? b : a), include[0] ?? EVERYTHING);
    const others = include.filter((set) => set !== pivot);
    for (const glob of pivot.globs) {
      const word = this.#findIn(glob, others, exclude);
      if (word !== undefined) return word;
    }
    return undefined;
  }

  #findIn(glob: Glob, include: readonly GlobSet[], exclude: readonly GlobSet[]): Word | undefined {
    const inside: Automaton[] = [];
    for (const set of include) {
      const { meeting, isContained } = this.#relation(glob, set);
      if (meeting.length === 0) return undefined;
      if (!isContained) inside.push({ set, start: set.start(meeting) });
    }
    const outside: Automaton[] = [];
    for (const set of exclude) {
      const { meeting, isContained } = this.#relation(glob, set);
      if (isContained) return undefined;
      if (meeting.length > 0) outside.push({ set, start: set.start(meeting) });
    }
    return new Search({ glob, inside, outside, kind: this.#kind, budget: this.#budget }).run();
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
  /** The globs of the set that may share a word with the glob. */
  readonly meeting: readonly number[];
  /** True only when one of them matches every word that the glob matches. */
  readonly isContained: boolean;
}

function relationOf(glob: Glob, set: GlobSet, budget: StepBudget): Relation {
  budget.spend(1 + set.globs.length);
  const hasFreeVariables = set.variablesAreAnyText && glob.codes.some(isVariableCode);
  const meeting = [...set.globs.keys()].filter(
    (index) => hasFreeVariables || endsMayMeet(glob, set.globs[index] as Glob),
  );
  return { meeting, isContained: meeting.length > 0 && isWithinOne(glob, set, meeting, budget) };
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

/** A set of globs, and where a word starts in it. */
interface Automaton {
  readonly set: GlobSet;
  readonly start: Positions;
}

interface SearchQuery {
  readonly glob: Glob;
  readonly inside: readonly Automaton[];
  readonly outside: readonly Automaton[];
  readonly kind: WordKind;
  readonly budget: StepBudget;
}

/** A prefix of a word: where it stands in the glob, in the kind and in each set, and how it came there. */
interface Node {
  readonly position: number;
  readonly kindState: number;
  readonly inside: readonly Positions[];
  readonly outside: readonly Positions[];
  readonly parent: Node | undefined;
  readonly code: number;
}

/** Walks all automata at once, breadth first, so that the first word found is a shortest one. */
class Search {
  readonly #query: SearchQuery;
  readonly #queue: Node[] = [];
  /** By position and state of the kind: the nodes that were reached. A node that one of them dominates leads to no other word. */
  readonly #reached = new Map<number, Node[]>();

  constructor(query: SearchQuery) {
    this.#query = query;
  }

  run(): Word | undefined {
    const { glob, inside, outside, kind } = this.#query;
    this.#reach({
      position: 0,
      kindState: kind.start,
      inside: inside.map(({ start }) => start),
      outside: outside.map(({ start }) => start),
      parent: undefined,
      code: OTHER,
    });
    for (let next = 0; next < this.#queue.length; next += 1) {
      const node = this.#queue[next] as Node;
      if (node.position === glob.codes.length && kind.accepts(node.kindState) && this.#isMatch(node))
        return wordOf(node);
      for (const code of this.#codesAt(node)) this.#advance(node, code);
    }
    return undefined;
  }

  #isMatch(node: Node): boolean {
    const { inside, outside } = this.#query;
    return (
      node.inside.every((positions, index) => inside[index]?.set.accepts(positions)) &&
      !node.outside.some((positions, index) => outside[index]?.set.accepts(positions))
    );
  }

  #advance(node: Node, code: number): void {
    const { glob, kind, budget } = this.#query;
    const kindState = kind.next(node.kindState, code);
    if (kindState === undefined) return;
    budget.spend(1);
    const inside = this.#stepInside(node, code);
    const outside = inside && this.#stepOutside(node, code);
    if (inside === undefined || outside === undefined) return;
    for (const position of positionsAfter(glob, node.position, code)) {
      this.#reach({ position, kindState, inside, outside, parent: node, code });
    }
  }

  /** Undefined when no word that continues so is in one of the sets. */
  #stepInside(node: Node, code: number): readonly Positions[] | undefined {
    const next: Positions[] = [];
    for (const [index, { set }] of this.#query.inside.entries()) {
      const positions = set.step(node.inside[index] as Positions, code, this.#query.budget);
      if (positions.blocks.length === 0) return undefined;
      next.push(positions);
    }
    return next;
  }

  /** Undefined when every word that continues so is in one of the sets. */
  #stepOutside(node: Node, code: number): readonly Positions[] | undefined {
    const next: Positions[] = [];
    for (const [index, { set }] of this.#query.outside.entries()) {
      const positions = set.step(node.outside[index] as Positions, code, this.#query.budget);
      if (set.acceptsAll(positions)) return undefined;
      next.push(positions);
    }
    return next;
  }

  #reach(node: Node): void {
    const key = node.position * MAX_KIND_STATES + node.kindState;
    const reached = this.#reached.get(key);
    if (reached === undefined) this.#reached.set(key, [node]);
    else if (reached.some((other) => this.#dominates(other, node))) return;
    else reached.push(node);
    this.#queue.push(node);
  }

  /** True when every continuation that makes a word of `other` makes a word of `one`. */
  #dominates(one: Node, other: Node): boolean {
    this.#query.budget.spend(1 + ((other.inside.length + other.outside.length) >> 2));
    return (
      other.inside.every((positions, index) => isSubset(positions, one.inside[index] as Positions)) &&
      other.outside.every((positions, index) => isSubset(one.outside[index] as Positions, positions))
    );
  }

  /**
   * The characters that make a difference here, and one that stands for all others. To stay outside of a set, a character that the set
   * names is never better than one that it does not name.
   */
  #codesAt(node: Node): readonly number[] {
    const { glob, inside, outside, kind, budget } = this.#query;
    const token = glob.codes[node.position] ?? OTHER;
    const isFree = glob.repeats[node.position] !== REPEATS.nothing;
    const own = token >= 0 ? (foldCode(token) ?? [token]) : [];
    if (!isFree && token !== TOKEN.anyCharacter && token !== TOKEN.anyButColon) return own;
    const named = new Set<number>(own);
    for (const [index, { set }] of inside.entries()) set.addNamed(node.inside[index] as Positions, named);
    const unwanted = new Set<number>();
    for (const [index, { set }] of outside.entries()) set.addNamed(node.outside[index] as Positions, unwanted);
    budget.spend(4 + named.size + (unwanted.size >> 1));
    const rest = kind.alphabet.find((code) => !named.has(code) && !unwanted.has(code) && !kind.literals.includes(code));
    if (rest === undefined) return [...new Set([...named, ...unwanted, ...kind.literals, ...kind.alphabet])];
    return [...new Set([rest, ...named, ...this.#literalsThatDiffer(node, rest)])];
  }

  /** A colon leads on in fewer globs than other characters do where wildcards do not match it. */
  #literalsThatDiffer(node: Node, rest: number): readonly number[] {
    const { inside, outside, kind } = this.#query;
    const restState = kind.next(node.kindState, rest);
    const isColonSpecial = [...inside, ...outside].some(({ set }) => set.mindsColons);
    const differs = (code: number): boolean =>
      kind.next(node.kindState, code) !== restState || (code === COLON && isColonSpecial);
    return [...new Set([...kind.literals, COLON])].filter(differs);
  }
}

/** The positions after one more character. A star need not be left for a later one that accepts as much. */
function positionsAfter({ codes, repeats }: Glob, position: number, code: number): readonly number[] {
  const token = codes[position];
  const leads = token !== undefined && tokenMatches(token, code);
  if (!repeatAccepts(repeats[position], code)) return leads ? [position + 1] : [];
  if (!leads) return [position];
  return (repeats[position + 1] ?? 0) >= (repeats[position] ?? 0) ? [position + 1] : [position, position + 1];
}

function tokenMatches(token: number, code: number): boolean {
  if (token === code) return true;
  if (token === TOKEN.anyCharacter) return code < 0x1_0000;
  if (token === TOKEN.anyButColon) return code < 0x1_0000 && code !== COLON;
  return foldCode(token)?.includes(code) ?? false;
}

function wordOf(last: Node): Word {
  const codes: number[] = [];
  for (let node: Node | undefined = last; node?.parent !== undefined; node = node.parent) codes.push(node.code);
  return codes.reverse();
}
