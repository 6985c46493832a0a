import type { WildcardPlaces } from "./wildcard-places.ts";

/** A set of words as something to walk. States are small numbers; of several that are reached, one that accepts will do. */
export interface Automaton {
  readonly starts: readonly number[];
  /** Where one more character leads: nowhere when no word of the set goes on like this. */
  next(state: number, code: number): readonly number[];
  accepts(state: number): boolean;
  /** Characters with a next state of their own. */
  literals(state: number): readonly number[];
  /** True when all other characters lead nowhere. */
  takesLiteralsOnly(state: number): boolean;
}

/** Counts work, so that a decision ends after a number of steps that does not depend on what is asked. */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Raises {@link TooManySteps} once more was spent than there was. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooManySteps();
  }
}

/** The budget is used up. It never leaves the modules of wildcards. */
export class TooManySteps extends Error {}

/**
 * The words that a pattern matches. A state is one place of one pattern, or all the places before the first wildcard that one
 * beginning of a word leads to: so there are no more states than characters.
 */
export function wordsMatching(places: WildcardPlaces, budget: StepBudget): Automaton {
  return new WalkedPlaces(places, budget, false);
}

/**
 * The words that no pattern matches. A state is all the places that the patterns may be at; of those there may be exponentially
 * many, which is what the budget is for.
 */
export function wordsNotMatching(places: WildcardPlaces, budget: StepBudget): Automaton {
  return new WalkedPlaces(places, budget, true);
}

interface State {
  readonly places: readonly number[];
  readonly accepts: boolean;
  readonly literals: readonly number[];
  readonly takesLiteralsOnly: boolean;
  readonly next: Map<number, readonly number[]>;
}

/** Stands for every character that a state has no literal for. */
const OTHER = -1;
/** No word comes from here any more. */
const NO_STATE: readonly number[] = [];

/** States are made when they are first walked to. */
class WalkedPlaces implements Automaton {
  readonly starts: readonly number[];
  readonly #places: WildcardPlaces;
  readonly #budget: StepBudget;
  readonly #isNegated: boolean;
  readonly #states: State[] = [];
  readonly #ids = new Map<string | number, number>();

  constructor(places: WildcardPlaces, budget: StepBudget, isNegated: boolean) {
    this.#places = places;
    this.#budget = budget;
    this.#isNegated = isNegated;
    this.starts = this.#statesOf(places.starts);
  }

  next(state: number, code: number): readonly number[] {
    const from = this.#at(state);
    const key = from.literals.includes(code) ? code : OTHER;
    const known = from.next.get(key);
    if (known !== undefined) return known;
    const reached = this.#statesOf(from.places.flatMap((place) => this.#places.step(place, key)));
    from.next.set(key, reached);
    return reached;
  }

  accepts(state: number): boolean {
    return this.#at(state).accepts;
  }

  literals(state: number): readonly number[] {
    return this.#at(state).literals;
  }

  takesLiteralsOnly(state: number): boolean {
    return this.#at(state).takesLiteralsOnly;
  }

  #at(state: number): State {
    return this.#states[state] as State;
  }

  #statesOf(reached: readonly number[]): readonly number[] {
    this.#budget.spend(reached.length + 1);
    const places = reached.length < 2 ? reached : this.#places.withoutPassed(reached);
    const openEnd = places.find(this.#places.isOpenEnd);
    if (this.#isNegated) return openEnd === undefined ? [this.#stateOf(places)] : NO_STATE;
    if (openEnd !== undefined) return [this.#stateOf([openEnd])];
    if (places.length < 2) return places.map((place) => this.#stateOf([place]));
    const plain = places.filter(this.#places.isBeforeWildcards);
    const others = places
      .filter((place) => !this.#places.isBeforeWildcards(place))
      .map((place) => this.#stateOf([place]));
    return plain.length === 0 ? others : [this.#stateOf(plain), ...others];
  }

  #stateOf(places: readonly number[]): number {
    const key = places.length === 1 ? (places[0] ?? 0) : places.join();
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const literals = places.flatMap(this.#places.literals);
    const state: State = {
      places,
      accepts: places.some(this.#places.isEnd) !== this.#isNegated,
      literals: literals.length < 2 ? literals : [...new Set(literals)],
      takesLiteralsOnly: !this.#isNegated && !places.some(this.#places.isWildcard),
      next: new Map(),
    };
    this.#ids.set(key, this.#states.length);
    return this.#states.push(state) - 1;
  }
}
