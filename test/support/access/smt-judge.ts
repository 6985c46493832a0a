import { type Atom, operatorParts } from "./plain-conditions.ts";
import { type Element, type PlainStatement, statementsOf } from "./plain-iam.ts";
import type { Reading } from "./plain-patterns.ts";
import type { Pair } from "./random-pairs.ts";
import { ACTIONS, actionLanguage, arnLanguage, RESOURCES, VALUES, valueBound, valueLanguage } from "./smt-languages.ts";

export type Answer = "sat" | "unsat" | "unknown";

/** Answers whether an `x` exists of which all that is asserted holds. */
export type Solve = (text: string) => Promise<Answer>;

/** Which languages and bounds, by their text, hold together in some value; `unsure` when the solver could not say. */
interface Cell {
  readonly holds: ReadonlySet<string>;
  readonly isUnsure: boolean;
}

type Sort = "String" | "Arn" | "Real" | "Bool";

/**
 * Whether `to` allows a request that `from` does not, as the solver sees it: it splits the actions, the resources and the values of each
 * key into cells, and every choice of one cell each is a kind of request. Undefined for a pair with what this fragment does not have:
 * trust, sets of values, addresses, policy variables, a key of two types.
 */
export async function smtAnswer(pair: Pair, reading: Reading, solve: Solve): Promise<Answer | undefined> {
  const sides = [statementsOf(pair.from), statementsOf(pair.to)] as const;
  const sorts = sortsOf(sides.flat().flatMap(({ atoms }) => atoms));
  if (sorts === undefined || pair.to.use !== "permissions" || JSON.stringify(pair).includes("${")) return undefined;
  let answer: Answer = "unsat";
  for (const kind of await kindsOf(sides.flat(), sorts, reading, solve)) {
    const holds = (statement: PlainStatement): boolean => statementHolds(statement, kind);
    const isNew =
      allowed(sides[1].filter(holds), pair.to.layers.length) &&
      !allowed(sides[0].filter(holds), pair.from.layers.length);
    if (isNew && !isUnsure(kind)) return "sat";
    if (isNew) answer = "unknown";
  }
  return answer;
}

const isUnsure = ({ action, resource, context }: Kind): boolean =>
  [action, resource, ...context.values()].some((cell) => cell.isUnsure);

/** Every choice of one cell each. */
async function kindsOf(
  statements: readonly PlainStatement[],
  sorts: ReadonlyMap<string, Sort>,
  reading: Reading,
  solve: Solve,
): Promise<readonly Kind[]> {
  const distinct = (of: (statement: PlainStatement) => readonly string[]): readonly string[] => [
    ...new Set(statements.flatMap(of)),
  ];
  const names = distinct(({ action }) => action.patterns.map(actionLanguage));
  const arns = distinct(({ resource }) => (resource?.patterns ?? []).map((pattern) => arnLanguage(pattern, reading)));
  const actions = await cells("String", ACTIONS, names, solve);
  const resources = await cells("String", RESOURCES, arns, solve);
  let contexts: readonly Kind["context"][] = [new Map()];
  for (const [key, sort] of sorts) {
    const own = distinct(({ atoms }) => atoms.filter((atom) => atom.key === key).flatMap(constraintsOf));
    const typed = await cells(sort, sort === "Arn" ? VALUES.Arn : VALUES.String, own, solve);
    const values = TYPED_KEYS.has(key) ? typed : [...typed, ...withoutType(sort)];
    contexts = contexts.flatMap((context) => [context, ...values.map((cell) => new Map([...context, [key, cell]]))]);
  }
  return actions.flatMap((action) =>
    resources.flatMap((resource) => contexts.map((context) => ({ action, resource, context, reading }))),
  );
}

/** Keys whose values AWS makes: all of one type. */
const TYPED_KEYS: ReadonlySet<string> = new Set(["aws:securetransport", "aws:currenttime"]);

/** The texts that are no truth value are in no list; what IAM makes of a text that is no number is not documented. */
function withoutType(sort: Sort): readonly Cell[] {
  if (sort === "Bool") return [{ holds: new Set(), isUnsure: false }];
  return sort === "Real" ? [{ holds: new Set(), isUnsure: true }] : [];
}

interface SignedCell extends Cell {
  /** What its values are within, or not. */
  readonly signs: readonly string[];
}

async function cells(
  sort: Sort,
  domain: string,
  constraints: readonly string[],
  solve: Solve,
): Promise<readonly Cell[]> {
  if (sort === "Bool") return ["true", "false"].map((value) => ({ holds: new Set([value]), isUnsure: false }));
  const ask = (signs: readonly string[]): Promise<Answer> => solve(question(sort, domain, signs));
  let found: readonly SignedCell[] = [{ holds: new Set(), isUnsure: false, signs: [] }];
  for (const constraint of constraints) {
    const parts = [];
    for (const cell of found) parts.push(...(await halves(cell, constraint, sort, ask)));
    found = parts;
  }
  return found;
}

/** The part of a cell that is within a constraint, and the part that is not, as far as they have values. */
async function halves(
  { holds, signs, isUnsure: was }: SignedCell,
  constraint: string,
  sort: Sort,
  ask: (signs: readonly string[]) => Promise<Answer>,
): Promise<readonly SignedCell[]> {
  const inside = [...signs, constraint];
  const outside = [...signs, sort === "Real" ? `(not ${constraint})` : `(re.comp ${constraint})`];
  const within = await ask(inside);
  // The cell has a value: when none of them is inside, one is outside.
  const beyond = within === "unsat" ? "sat" : await ask(outside);
  const unsure = was || within === "unknown" || beyond === "unknown";
  return [
    ...(within === "unsat" ? [] : [{ holds: new Set([...holds, constraint]), isUnsure: unsure, signs: inside }]),
    ...(beyond === "unsat" ? [] : [{ holds, isUnsure: unsure, signs: outside }]),
  ];
}

function question(sort: Sort, domain: string, constraints: readonly string[]): string {
  return sort === "Real"
    ? `(declare-const x Real)(assert (and true ${constraints.join(" ")}))`
    : `(declare-const x String)(assert (str.in_re x (re.inter ${domain} ${constraints.join(" ")})))`;
}

/** The type of each key; undefined when one has several, or one that this fragment does not have. */
function sortsOf(atoms: readonly Atom[]): ReadonlyMap<string, Sort> | undefined {
  const sorts = new Map<string, Sort>();
  for (const { key, operator } of atoms) {
    const { name, set } = operatorParts(operator);
    const known = sorts.get(key);
    // A key that is only tested for its presence may be of any type.
    const sort = name === "null" ? known : sortOf(name);
    if (set !== undefined || name === "ipaddress" || (known ?? sort) !== sort) return undefined;
    if (sort !== undefined) sorts.set(key, sort);
  }
  return new Map(atoms.map(({ key }) => [key, sorts.get(key) ?? "String"]));
}

function sortOf(name: string): Sort {
  if (/^(numeric|date)/.test(name)) return "Real";
  if (name.startsWith("arn")) return "Arn";
  return name === "bool" ? "Bool" : "String";
}

const constraintsOf = ({ operator, values }: Atom): readonly string[] => {
  const { name } = operatorParts(operator);
  return name === "null" ? [] : values.map((value) => constraintOf(name, value));
};

function constraintOf(name: string, value: string): string {
  if (name === "bool") return value.toLowerCase();
  return /^(numeric|date)/.test(name) ? valueBound(name, value) : valueLanguage(name, value);
}

interface Kind {
  readonly action: Cell;
  readonly resource: Cell;
  readonly context: ReadonlyMap<string, Cell>;
  readonly reading: Reading;
}

function statementHolds({ action, resource, atoms }: PlainStatement, kind: Kind): boolean {
  return (
    elementHolds(action, kind.action, actionLanguage) &&
    (resource === undefined ||
      elementHolds(resource, kind.resource, (pattern) => arnLanguage(pattern, kind.reading))) &&
    atoms.every((atom) => atomHolds(atom, kind.context.get(atom.key)))
  );
}

function elementHolds({ patterns, isNegated }: Element, cell: Cell, language: (pattern: string) => string): boolean {
  return patterns.some((pattern) => cell.holds.has(language(pattern))) !== isNegated;
}

function atomHolds(atom: Atom, cell: Cell | undefined): boolean {
  const { name, isNegated, ifExists } = operatorParts(atom.operator);
  if (name === "null") return atom.values.some((value) => (value.toLowerCase() === "true") === (cell === undefined));
  if (cell === undefined) return isNegated || ifExists;
  return constraintsOf(atom).some((constraint) => cell.holds.has(constraint)) !== isNegated;
}

function allowed(holding: readonly PlainStatement[], layers: number): boolean {
  return Array.from({ length: layers }, (_, layer) => holding.filter((statement) => statement.layer === layer)).every(
    (own) => own.length > 0 && own.every(({ isDeny }) => !isDeny),
  );
}
