import type { StepBudget } from "./wildcard-budget.ts";
import { Cover } from "./wildcard-cover.ts";
import { type Glob, matchesAny } from "./wildcard-glob.ts";
import type { WordKind } from "./wildcard-tokens.ts";

/** The globs of one list, apart by what it takes to match them: names by looking them up, wildcards one by one. */
export class Patterns {
  readonly globs: readonly Glob[];
  readonly wildcards: readonly Glob[];
  readonly #names: ReadonlySet<string>;
  #cover: Cover | undefined;

  constructor(globs: readonly Glob[]) {
    this.globs = globs;
    this.wildcards = globs.filter((glob) => !isName(glob));
    this.#names = new Set(globs.filter(isName).map(({ codes }) => String.fromCharCode(...codes)));
  }

  /** All of them as one machine: made when it is needed, for names are looked up without it. */
  get cover(): Cover {
    this.#cover ??= new Cover(this.globs);
    return this.#cover;
  }

  /**
   * True when one of them matches the word, given as it is compared.
   *
   * Errors: TooManySteps.
   */
  matches(word: string, budget: StepBudget): boolean {
    if (this.#names.has(word)) return true;
    if (this.wildcards.length === 0) return false;
    budget.spend(1 + (this.wildcards.length >> 2));
    return matchesAny(this.wildcards, word, budget);
  }

  /** The names that are words of the kind at all, the shortest first. */
  words(kind: WordKind): readonly string[] {
    return [...this.#names].filter((name) => isWord(name, kind)).sort((a, b) => a.length - b.length);
  }
}

/** True for a glob that matches one text alone. */
function isName({ firstStar, codes }: Glob): boolean {
  return firstStar < 0 && codes.every((code) => code >= 0);
}

function isWord(text: string, kind: WordKind): boolean {
  let state: number | undefined = kind.start;
  for (let index = 0; index < text.length && state !== undefined; index += 1) {
    state = kind.next(state, text.charCodeAt(index));
  }
  return state !== undefined && kind.accepts(state);
}
