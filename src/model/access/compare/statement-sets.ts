import { hasVariable } from "../../policy/resource-pattern.ts";
import type { Access } from "../access.ts";
import { type Glob, globOf, matchesEverything } from "../words/glob.ts";
import { GlobSet } from "../words/glob-set.ts";
import { type ColonReading, type PatternTokens, resourceTokens } from "../words/resource-tokens.ts";
import { TOKEN, type Token, variableCode, wildcardTokens } from "../words/token.ts";
import type { AccessStatement, PatternSet } from "./access-statement.ts";
import { principalPatterns } from "./principal-patterns.ts";

/** Words that a set of globs matches, or, `isNegated`, all others. */
export interface WordSet {
  readonly globs: GlobSet;
  readonly isNegated: boolean;
}

/** The actions and the targets (resources or principals) of a statement. */
export type Dimension = "actions" | "targets";

/** The dimensions in the order in which they are decided. */
export const DIMENSIONS: readonly Dimension[] = ["actions", "targets"];

/**
 * How much of a statement counts where policy variables leave it open.
 * - `own`: the words of the statement itself, each variable as one character. They stand for all requests that the statement matches.
 * - `atMost`: what it matches for some values of the variables.
 * - `atLeast`: what it matches for all values of the variables.
 */
export type Extent = "own" | "atMost" | "atLeast";

/** True when the set has every word. */
export function isEverything({ globs, isNegated }: WordSet): boolean {
  return isNegated ? globs.globs.length === 0 : globs.globs.some(matchesEverything);
}

/** The patterns of statements as globs, each made once, by one reading of wildcards. */
export class StatementSets {
  readonly #use: Access["use"];
  readonly #colons: ColonReading;
  readonly #variables = new Map<string, number>();
  readonly #sets = new Map<AccessStatement, Map<string, WordSet>>();

  constructor(use: Access["use"], colons: ColonReading) {
    this.#use = use;
    this.#colons = colons;
  }

  /** The names of the variables, each at the index of its character. */
  get variables(): readonly string[] {
    return [...this.#variables.keys()];
  }

  /** The words of a statement in one dimension. */
  get(statement: AccessStatement, dimension: Dimension, extent: Extent): WordSet {
    const key = `${dimension} ${extent}`;
    const sets = this.#sets.get(statement) ?? new Map<string, WordSet>();
    this.#sets.set(statement, sets);
    const set = sets.get(key) ?? this.#make(statement, dimension, extent);
    sets.set(key, set);
    return set;
  }

  #make(statement: AccessStatement, dimension: Dimension, extent: Extent): WordSet {
    const set = statement[dimension];
    if (dimension === "actions") return { globs: globSet(set.patterns.map(wildcardTokens)), isNegated: set.isNegated };
    if (this.#use === "trust") return principalSet(set, extent);
    // IAM matches nothing against "all but this" while a variable of "this" has no value.
    if (set.isNegated && extent === "atLeast" && statement.hasVariables && set.patterns.some(hasVariable))
      return NOTHING;
    return { globs: this.#resourceGlobs(statement, complementOf(extent, set)), isNegated: set.isNegated };
  }

  #resourceGlobs({ targets, hasVariables }: AccessStatement, extent: Extent): GlobSet {
    const variables = (variable: string, isColonless: boolean): readonly Token[] => {
      if (extent !== "atMost") return [this.#variableCode(variable, isColonless)];
      return [isColonless ? TOKEN.textWithoutColon : TOKEN.anyText];
    };
    const read = targets.patterns.map((pattern) =>
      resourceTokens(pattern, this.#colons, hasVariables ? variables : undefined),
    );
    const counted = extent === "atLeast" ? read.filter(({ isCertain }) => isCertain) : read;
    return globSet(
      counted.map((pattern) => tokensOf(pattern)),
      extent === "atMost",
    );
  }

  #variableCode(variable: string, isColonless: boolean): Token {
    const name = variableName(variable);
    const index = this.#variables.get(name) ?? this.#variables.size;
    this.#variables.set(name, index);
    return variableCode(index, isColonless);
  }
}

/** What a set has at most is what the complement has not at least. */
function complementOf(extent: Extent, { isNegated }: PatternSet): Extent {
  if (!isNegated) return extent;
  return extent === "atLeast" ? "atMost" : "atLeast";
}

function tokensOf({ tokens }: PatternTokens): readonly Token[] {
  return tokens;
}

/** The key of a variable in lower case, and its default as written. */
function variableName(variable: string): string {
  const [, key = "", fallback = ""] = /^\$\{([^,}]*)(.*)\}$/s.exec(variable) ?? [];
  return `${key.trim().toLowerCase()}${fallback}`;
}

function principalSet(set: PatternSet, extent: Extent): WordSet {
  // Which principals NotPrincipal leaves out depends on their accounts and sessions.
  if (set.isNegated) return extent === "atLeast" ? NOTHING : EVERYTHING;
  return { globs: globSet(principalPatterns(set.patterns).map(wildcardTokens)), isNegated: false };
}

function globSet(patterns: readonly (readonly Token[])[], variablesAreAnyText = false): GlobSet {
  return new GlobSet(
    patterns.map((tokens): Glob => globOf(tokens)),
    { variablesAreAnyText },
  );
}

const NOTHING: WordSet = { globs: new GlobSet([]), isNegated: false };
const EVERYTHING: WordSet = { globs: new GlobSet([]), isNegated: true };
