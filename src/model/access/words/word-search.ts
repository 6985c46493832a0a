import { type Glob, isSubset, type Positions, REPEATS, repeatAccepts } from "./glob.ts";
import { type GlobSet, OTHER } from "./glob-set.ts";
import type { StepBudget } from "./step-budget.ts";
import { COLON, foldCode, TOKEN } from "./tokens.ts";
import { MAX_KIND_STATES, type WordKind } from "./word-kind.ts";

/** The characters of a word; a policy variable is one character. */
export type Word = readonly number[];

/** The word as text. A call takes fewer arguments than a word can have characters. */
export function wordText(word: Word): string {
  return word.map((code) => String.fromCharCode(code)).join("");
}

/** A set of globs, and where a word starts in it. */
export interface Automaton {
  readonly set: GlobSet;
  readonly meeting: readonly number[];
  readonly start: Positions;
}

/** What the words have to match, and how to search. */
export interface SearchQuery {
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
export class WordSearch {
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
