import { canonicalJson } from "../policy/policy-json.ts";
import { variableIn } from "../policy/resource-pattern.ts";
import type { Access, AccessComparison, AccessExample, UndecidedPart } from "./access.ts";
import { type AccessQuestion, AccessSearch, type Candidate } from "./compare/access-search.ts";
import { type AccessStatement, type StatementLayer, statementLayers } from "./compare/access-statement.ts";
import { ConditionSolver } from "./compare/condition-solver.ts";
import { ExampleProver } from "./compare/example-prover.ts";
import { MULTIVALUED_KEYS } from "./compare/key-types.ts";
import { ActionSets } from "./compare/statement-sets.ts";
import {
  substituted,
  type VariableValue,
  valueLiterals,
  variableKeys,
  variableValues,
} from "./compare/substitution.ts";
import { StepBudget, StepBudgetExceeded } from "./words/step-budget.ts";
import { COLON_READINGS, type ColonReading, isReadAlike } from "./words/tokens.ts";

/**
 * Enough for policies at IAM's limits. The question is as hard as any whose answer can be checked quickly (coNP-hard for wildcards alone), so
 * there must be a bound.
 */
const MAX_COMPARISON_STEPS = 3_000_000;

/** How to compare. */
export interface CompareOptions {
  readonly maxSteps?: number;
  /** In place of `maxSteps`: shared by comparisons that together have to end. */
  readonly budget?: StepBudget;
}

/**
 * Decides whether `after` allows a request that `before` does not allow.
 *
 * `no-new-access` is a proof over all requests, by every reading of wildcards that AWS's documentation admits. Each example is confirmed by
 * evaluating both sides. What is neither proved nor confirmed is undecided. The answer does not depend on the machine.
 *
 * A condition key has one value, or several when AWS gives it several or a policy tests it with ForAnyValue or ForAllValues.
 */
export function compareAccess(before: Access, after: Access, options: CompareOptions = {}): AccessComparison {
  const [from, to] = [withLayer(before), withLayer(after)];
  const [oldText, newText] = [from, to].map(({ use, layers }) => canonicalJson([use, layers]));
  if (oldText === newText) return { verdict: "no-new-access" };
  const [old, next] = [statementLayers(from), statementLayers(to)];
  const unreadable = [...old, ...next].some((layer) => layer === undefined);
  if (unreadable)
    return { verdict: "undecided", undecided: [{ place: undefined, reason: "a policy document cannot be read" }] };
  const allowing = to.use === "trust" ? next.map((layer) => readable(layer).flatMap(byPrincipal)) : next.map(readable);
  const sides = { old: old.map(readable), next: allowing };
  const { budget = new StepBudget(options.maxSteps ?? MAX_COMPARISON_STEPS) } = options;
  return new Comparison(from, to, sides, budget).run();
}

/** Without a layer nothing is allowed, as with one that is empty. */
function withLayer({ use, layers }: Access): Access {
  return { use, layers: layers.length === 0 ? [[]] : layers };
}

/** One statement for each principal that an Allow names, so that there is an example for each. */
function byPrincipal(statement: AccessStatement): readonly AccessStatement[] {
  if (statement.effect === "Deny" || statement.targets.patterns.length < 2) return [statement];
  return statement.targets.patterns.map((name) => ({
    ...statement,
    id: `${name} ${statement.id}`,
    targets: { patterns: [name], isNegated: false },
  }));
}

function readable(layer: StatementLayer): readonly AccessStatement[] {
  return layer ?? [];
}

interface Sides {
  readonly old: readonly (readonly AccessStatement[])[];
  readonly next: readonly (readonly AccessStatement[])[];
}

class Comparison {
  readonly #to: Access;
  readonly #sides: Sides;
  readonly #prover: ExampleProver;
  readonly #budget: StepBudget;
  /** By the first of the granting statements. */
  readonly #examples = new Map<AccessStatement, AccessExample>();
  readonly #undecided = new Map<AccessStatement, string>();
  #current: AccessStatement | undefined;

  constructor(from: Access, to: Access, sides: Sides, budget: StepBudget) {
    this.#to = to;
    this.#sides = sides;
    this.#budget = budget;
    this.#prover = new ExampleProver(from, to, this.#budget);
  }

  run(): AccessComparison {
    try {
      const budget = this.#budget;
      const conditions = new ConditionSolver(multivaluedKeys(this.#sides), budget);
      const tools = { actions: new ActionSets(budget), conditions, budget };
      for (const colons of this.#readings()) this.#compare(new AccessSearch(this.#to.use, colons, tools));
    } catch (error) {
      if (!(error instanceof StepBudgetExceeded)) throw error;
      const place = this.#current?.place;
      return this.#answer([{ place, reason: "the policies are too complex to compare" }]);
    }
    return this.#answer([]);
  }

  /** One reading is enough when none of the patterns is read differently. */
  #readings(): readonly ColonReading[] {
    const statements = [...this.#sides.old, ...this.#sides.next].flat();
    const isAlike = this.#to.use === "trust" || statements.every(({ targets }) => targets.patterns.every(isReadAlike));
    return isAlike ? COLON_READINGS.slice(-1) : COLON_READINGS;
  }

  #compare(search: AccessSearch): void {
    const newDenies = this.#sides.next.flat().filter(({ effect }) => effect === "Deny");
    const allows = this.#sides.next.map((layer) => layer.filter(({ effect }) => effect === "Allow"));
    const combinations = combine(allows);
    for (const layer of this.#sides.old) {
      const oldAllows = layer.filter(({ effect }) => effect === "Allow");
      // Where such a Deny holds, a new one holds too.
      const oldDenies = layer.filter(
        (statement) => statement.effect === "Deny" && !newDenies.some((other) => search.isWithin(statement, other)),
      );
      for (const granting of combinations) {
        this.#compareOne(search, { granting, newDenies, oldAllows, oldDenies });
      }
    }
  }

  #compareOne(search: AccessSearch, question: AccessQuestion): void {
    const { granting, oldAllows, oldDenies } = question;
    const [first] = granting;
    if (first === undefined || this.#examples.has(first)) return;
    this.#current = first;
    const isAllowedAlready = (): boolean =>
      granting.some((statement) => oldAllows.some((other) => search.isWithin(statement, other)));
    if (oldDenies.length === 0 && isAllowedAlready()) return;
    search.search(question, (candidate) => this.#visit(first, question, candidate));
    if (this.#undecided.has(first)) this.#tryValues(first, question, search);
  }

  /** Looks for an example with chosen values of the policy variables. */
  #tryValues(first: AccessStatement, question: AccessQuestion, search: AccessSearch): void {
    const statements = [...question.granting, ...question.newDenies, ...question.oldAllows, ...question.oldDenies];
    const keys = variableKeys(statements);
    if (keys.length === 0) return;
    for (const value of variableValues(statements)) {
      if (this.#examples.has(first)) return;
      const chosen = questionWith(question, keys, value);
      if (chosen !== undefined) search.search(chosen, (candidate) => this.#visit(first, question, candidate));
    }
  }

  #visit(first: AccessStatement, { granting }: AccessQuestion, candidate: Candidate): boolean {
    const example = this.#prover.prove(first, candidate);
    if (example !== undefined) {
      this.#examples.set(first, example);
      return true;
    }
    if (!this.#undecided.has(first)) this.#undecided.set(first, this.#reasonOf(granting, candidate));
    return false;
  }

  #reasonOf(granting: readonly AccessStatement[], { doubt, weighed }: Candidate): string {
    if (doubt !== undefined) return doubt;
    const patterns = [...granting, ...weighed].flatMap(({ targets, hasVariables }) =>
      hasVariables ? targets.patterns : [],
    );
    const variable = patterns.map(variableIn).find((found) => found !== undefined);
    if (variable !== undefined) return `it depends on the policy variable ${variable}`;
    return this.#to.use === "trust"
      ? "it depends on the account of a principal"
      : "it depends on whether a wildcard in an ARN matches a colon";
  }

  /** `unfinished`: where the steps ran out, if they did. Nothing is proved then, whatever was compared before. */
  #answer(unfinished: readonly UndecidedPart[]): AccessComparison {
    const doubtful = [...this.#undecided].flatMap(([statement, reason]): readonly UndecidedPart[] =>
      this.#examples.has(statement) ? [] : [{ place: statement.place, reason }],
    );
    const undecided = [...doubtful, ...unfinished];
    const examples = [...this.#examples.values()];
    if (examples.length > 0) return { verdict: "new-access", examples, undecided };
    return undecided.length > 0 ? { verdict: "undecided", undecided } : { verdict: "no-new-access" };
  }
}

/** The question for one value of all variables; undefined when an Allow statement then matches nothing. */
function questionWith(
  question: AccessQuestion,
  keys: readonly string[],
  value: VariableValue,
): AccessQuestion | undefined {
  const all = (statements: readonly AccessStatement[]): readonly AccessStatement[] =>
    statements.flatMap((statement) => substituted(statement, value) ?? []);
  const granting = all(question.granting);
  if (granting.length < question.granting.length) return undefined;
  return {
    given: valueLiterals(keys, value),
    granting,
    newDenies: all(question.newDenies),
    oldAllows: all(question.oldAllows),
    oldDenies: all(question.oldDenies),
  };
}

/** Every choice of one statement from each layer; the choices of the first layer vary slowest. */
function combine(layers: readonly (readonly AccessStatement[])[]): readonly (readonly AccessStatement[])[] {
  return layers.reduce<readonly (readonly AccessStatement[])[]>(
    (chosen, layer) => chosen.flatMap((statements) => layer.map((statement) => [...statements, statement])),
    [[]],
  );
}

function multivaluedKeys({ old, next }: Sides): ReadonlySet<string> {
  const tests = [...old, ...next].flat().flatMap((statement) => statement.tests);
  const tested = tests.filter(({ quantifier }) => quantifier !== "one").map(({ key }) => key);
  return new Set([...MULTIVALUED_KEYS, ...tested]);
}
