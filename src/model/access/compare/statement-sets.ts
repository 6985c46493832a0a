import type { Access } from "../access.ts";
import { WordFinder } from "../words/find-word.ts";
import type { StepBudget } from "../words/step-budget.ts";
import type { ColonReading } from "../words/tokens.ts";
import { ACTION_WORDS } from "../words/word-kind.ts";
import type { AccessStatement } from "./access-statement.ts";
import {
  ALL_WORDS,
  actionWords,
  type Extent,
  NO_WORDS,
  PatternCompiler,
  type PatternSet,
  spendOnReading,
  textWords,
  type WordSet,
} from "./pattern-compiler.ts";

/** The actions and the targets (resources or principals) of a statement. */
export type Dimension = "actions" | "targets";

/** The dimensions in the order in which they are decided. */
export const DIMENSIONS: readonly Dimension[] = ["actions", "targets"];

/** The actions of statements: the same by every reading of wildcards, and to every extent. */
export class ActionSets {
  readonly finder: WordFinder;
  readonly #budget: StepBudget;
  readonly #sets = new Map<AccessStatement, WordSet>();

  constructor(budget: StepBudget) {
    this.finder = new WordFinder(ACTION_WORDS, budget);
    this.#budget = budget;
  }

  /** The actions of a statement. */
  get(statement: AccessStatement): WordSet {
    const known = this.#sets.get(statement);
    if (known !== undefined) return known;
    spendOnReading(statement.actions.patterns, this.#budget);
    const made = actionWords(statement.actions);
    this.#sets.set(statement, made);
    return made;
  }
}

/** The words of statements, each made once, by one reading of wildcards. */
export class StatementSets {
  readonly #use: Access["use"];
  readonly #actions: ActionSets;
  readonly #compiler: PatternCompiler;
  readonly #budget: StepBudget;
  readonly #sets = new Map<AccessStatement, Map<Extent, WordSet>>();

  constructor(use: Access["use"], colons: ColonReading, actions: ActionSets, budget: StepBudget) {
    this.#use = use;
    this.#actions = actions;
    this.#compiler = new PatternCompiler(colons);
    this.#budget = budget;
  }

  /** The words of a statement in one dimension. */
  get(statement: AccessStatement, dimension: Dimension, extent: Extent): WordSet {
    if (dimension === "actions") return this.#actions.get(statement);
    const sets = this.#sets.get(statement) ?? new Map<Extent, WordSet>();
    this.#sets.set(statement, sets);
    const set = sets.get(extent) ?? this.#make(statement, extent);
    sets.set(extent, set);
    return set;
  }

  #make({ effect, targets, hasVariables }: AccessStatement, extent: Extent): WordSet {
    spendOnReading(targets.patterns, this.#budget);
    if (this.#use === "permissions") return this.#compiler.resources(targets, hasVariables, extent);
    return this.#principals(targets, effect, extent);
  }

  #principals({ patterns, isNegated }: PatternSet, effect: AccessStatement["effect"], extent: Extent): WordSet {
    // Which principals NotPrincipal exempts depends on their accounts and sessions.
    if (isNegated) return extent === "atLeast" ? NO_WORDS : ALL_WORDS;
    return textWords({ patterns: principalPatterns(patterns, effect), isNegated });
  }
}

const ROLE = /^AWS:arn:([\w-]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;
const ACCOUNT = /^AWS:(\d{12})$/;
const EVERYONE = ["AWS:*", "Service:*", "Federated:*", "CanonicalUser:*"];

/**
 * The principals that a statement of a trust policy names, as patterns with `*`. A role stands for its sessions too, and an account for all
 * of its principals, as in IAM Access Analyzer. Whether a principal also needs a permission of its own account is not part of the question.
 * In an Allow, IAM stores `{"AWS": "*"}` for everyone.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
function principalPatterns(names: readonly string[], effect: "Allow" | "Deny"): readonly string[] {
  return names.flatMap((name) => {
    const isEveryone = name === "*" || (name === "AWS:*" && effect === "Allow");
    return isEveryone ? EVERYONE : [name, ...coveredBy(name)];
  });
}

function coveredBy(name: string): readonly string[] {
  const role = ROLE.exec(name);
  if (role !== null) return [`AWS:arn:${role[1]}:sts::${role[2]}:assumed-role/${role[3]}/*`];
  const account = ACCOUNT.exec(name)?.[1];
  return account === undefined ? [] : [`AWS:arn:*:iam::${account}:*`, `AWS:arn:*:sts::${account}:*`];
}
