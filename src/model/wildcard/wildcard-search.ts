import type { StepBudget } from "./wildcard-budget.ts";
import { type Cover, isPartOf, OTHER, type Places } from "./wildcard-cover.ts";
import { ANY_BUT_COLON, ANY_CHARACTER, COLON, type Glob, letsStay, STAYS } from "./wildcard-glob.ts";
import type { WordKind } from "./wildcard-tokens.ts";

/** What a word that the glob matches has to do in the cover besides. */
interface Condition {
  readonly start: Places;
  readonly cover: Cover;
  /** True to match one of the cover's globs, false to match none. */
  readonly isInside: boolean;
}

/** A word on its way: where it stands in the glob, in the kind and in the condition, and how it came there. */
interface Node {
  readonly place: number;
  readonly kind: number;
  readonly places: Places;
  readonly length: number;
  readonly parent: Node | undefined;
  readonly code: number;
}

/** How to search. */
export interface Search {
  readonly kind: WordKind;
  readonly budget: StepBudget;
  /** Only a word shorter than this is wanted. */
  readonly shorterThan: number;
}

/** A shortest word of the kind that the glob matches and nothing in the cover does; exact. */
export function wordOutside(glob: Glob, cover: Cover, start: Places, search: Search): string | undefined {
  return firstWord(glob, search, { cover, start, isInside: false });
}

/** A shortest word of the kind that the glob and something in the cover match; exact. */
export function wordInside(glob: Glob, cover: Cover, search: Search): string | undefined {
  return firstWord(glob, search, { cover, start: cover.start(() => true), isInside: true });
}

/** Walks glob, kind and condition at once, breadth first: so the first word that will do is a shortest. */
function firstWord(glob: Glob, search: Search, condition: Condition): string | undefined {
  const { kind } = search;
  const frontier = new Frontier(glob, search, condition);
  frontier.reach({ place: 0, kind: kind.start, places: condition.start, length: 0, parent: undefined, code: OTHER });
  for (let node = frontier.take(); node !== undefined; node = frontier.take()) {
    const isWord = node.place === glob.codes.length && kind.accepts(node.kind) && accepts(node.places, condition);
    if (isWord) return wordOf(node);
    for (const code of codesAt(node, glob, search, condition)) goOn(node, code, { glob, search, condition, frontier });
  }
  return undefined;
}

interface Walk {
  readonly glob: Glob;
  readonly search: Search;
  readonly condition: Condition;
  readonly frontier: Frontier;
}

/** One character further. */
function goOn(node: Node, code: number, { glob, search, condition, frontier }: Walk): void {
  const kind = search.kind.next(node.kind, code);
  if (kind === undefined) return;
  const places = condition.cover.step(node.places, code, search.budget);
  if (isHopeless(places, condition)) return;
  const length = node.length + 1;
  for (const place of placesAfter(glob, node.place, code)) {
    frontier.reach({ place, kind, places, length, parent: node, code });
  }
}

function accepts(places: Places, { cover, isInside }: Condition): boolean {
  return cover.accepts(places) === isInside;
}

function isHopeless(places: Places, { cover, isInside }: Condition): boolean {
  return isInside ? places.blocks.length === 0 : cover.acceptsAll(places);
}

/** The nodes that were reached and are still to be expanded, in the order in which they were reached, without those that are no better than an earlier one. */
class Frontier {
  readonly #glob: Glob;
  readonly #search: Search;
  readonly #condition: Condition;
  readonly #queue: Node[] = [];
  readonly #seen = new Map<number, Places[]>();
  #taken = 0;

  constructor(glob: Glob, search: Search, condition: Condition) {
    this.#glob = glob;
    this.#search = search;
    this.#condition = condition;
  }

  take(): Node | undefined {
    const node = this.#queue[this.#taken];
    this.#taken += 1;
    return node;
  }

  reach(node: Node): void {
    const rest = this.#glob.codes.length - node.place;
    if (node.length + rest >= this.#search.shorterThan) return;
    const key = node.place * KINDS + node.kind;
    const known = this.#seen.get(key);
    if (known === undefined) this.#seen.set(key, [node.places]);
    else if (known.some((places) => this.#isAsGood(places, node.places))) return;
    else known.push(node.places);
    this.#queue.push(node);
  }

  /** Every word that will do from the other places will do from the one. */
  #isAsGood(one: Places, other: Places): boolean {
    this.#search.budget.spend(1 + (one.blocks.length >> 3));
    return this.#condition.isInside ? isPartOf(other, one) : isPartOf(one, other);
  }
}

/** More than the states of any kind. */
const KINDS = 16;

/** Staying is no use where the next place is a star that lets as much through. */
function placesAfter({ codes, stays }: Glob, place: number, code: number): readonly number[] {
  const asked = codes[place];
  const leads = asked === code || asked === ANY_CHARACTER || (asked === ANY_BUT_COLON && code !== COLON);
  if (!letsStay(stays[place], code)) return leads ? [place + 1] : [];
  if (!leads) return [place];
  return (stays[place + 1] ?? 0) >= (stays[place] ?? 0) ? [place + 1] : [place, place + 1];
}

/**
 * The characters that make a difference here, and one that stands for all the rest. Outside of the cover a character that it asks for
 * does nothing that the rest do not do as well: it leads on in more of the cover.
 */
function codesAt(node: Node, glob: Glob, { kind, budget }: Search, { cover, isInside }: Condition): readonly number[] {
  const asked = glob.codes[node.place] ?? OTHER;
  const isFree = glob.stays[node.place] !== STAYS.nothing || asked === ANY_CHARACTER || asked === ANY_BUT_COLON;
  if (!isFree) return asked === OTHER ? [] : [asked];
  const named = cover.literals(node.places);
  budget.spend(4 + named.size + (node.places.blocks.length >> 2));
  if (asked >= 0) named.add(asked);
  const rest = kind.alphabet.find((code) => !named.has(code) && !kind.literals.includes(code));
  if (rest === undefined) return [...new Set([...named, ...kind.literals, ...kind.alphabet])];
  if (isInside) return [...new Set([rest, ...named, ...kind.literals])];
  const restKind = kind.next(node.kind, rest);
  // A colon leads on in less of the cover than the rest does where wildcards match none.
  const others = kind.literals.filter(
    (code) => kind.next(node.kind, code) !== restKind || (code === COLON && cover.mindsColons),
  );
  return asked >= 0 ? [...new Set([rest, asked, ...others])] : [rest, ...others];
}

function wordOf(last: Node): string {
  const codes: number[] = [];
  for (let node: Node | undefined = last; node?.parent !== undefined; node = node.parent) codes.push(node.code);
  return String.fromCharCode(...codes.reverse());
}
