import type { Random } from "../../../src/sandbox/aws/random.ts";
import { operatorParts } from "./plain-conditions.ts";
import {
  addAtom,
  type Draft,
  type DraftAccess,
  type DraftDocument,
  type Ingredients,
  randomAction,
  randomDocument,
  randomPrincipal,
  randomStatement,
} from "./random-policies.ts";
import { once, pick, resourcePattern } from "./random-texts.ts";

/** An edit of a policy, in place. It may find nothing to do. */
export interface Mutation {
  readonly name: string;
  apply(access: DraftAccess, random: Random, with_: Ingredients): void;
}

const documentOf = (access: DraftAccess, random: Random): DraftDocument => pick(random, pick(random, access.layers));

/** An edit of one statement. */
const onStatement = (
  name: string,
  edit: (statement: Draft, random: Random, with_: Ingredients, document: DraftDocument) => void,
): Mutation => ({
  name,
  apply(access, random, with_) {
    const document = documentOf(access, random);
    if (document.Statement.length > 0) edit(pick(random, document.Statement), random, with_, document);
  },
});

const actionsOf = (statement: Draft): string[] => statement.Action ?? statement.NotAction ?? [];
const resourcesOf = (statement: Draft): string[] => statement.Resource ?? statement.NotResource ?? [];

const at = (random: Random, list: readonly unknown[]): number => random.integer(0, Math.max(0, list.length - 1));

function otherCase(text: string, random: Random): string {
  return once(random, 2) ? text.toUpperCase() : text.toLowerCase();
}

/** Edits after which a policy means what it meant. */
export const NEUTRAL: readonly Mutation[] = [
  {
    name: "reorder the statements",
    apply(access, random) {
      const document = documentOf(access, random);
      document.Statement = random.shuffled(document.Statement);
    },
  },
  onStatement("change the case of an action", (statement, random) => {
    const actions = actionsOf(statement);
    const index = at(random, actions);
    actions[index] = otherCase(actions[index] ?? "*", random);
  }),
  onStatement("reorder a list", (statement, random) => {
    if (statement.Action !== undefined) statement.Action = random.shuffled(statement.Action);
    if (statement.Resource !== undefined) statement.Resource = random.shuffled(statement.Resource);
  }),
  onStatement("split a list of actions", (statement, _random, _with, document) => {
    const [first, ...rest] = statement.Action ?? [];
    if (first === undefined || rest.length === 0) return;
    statement.Action = [first];
    document.Statement.push({ ...structuredClone(statement), Action: rest });
  }),
  onStatement("split a list of resources", (statement, _random, _with, document) => {
    const [first, ...rest] = statement.Resource ?? [];
    if (first === undefined || rest.length === 0) return;
    statement.Resource = [first];
    document.Statement.push({ ...structuredClone(statement), Resource: rest });
  }),
  onStatement("write a statement twice", (statement, _random, _with, document) => {
    document.Statement.push(structuredClone(statement));
  }),
  onStatement("change the case of a condition key", (statement, random) => {
    for (const keys of Object.values(statement.Condition ?? {})) {
      const entries = Object.entries(keys);
      for (const [key, values] of entries.length === 1 ? entries : []) {
        delete keys[key];
        keys[otherCase(key, random)] = values;
      }
    }
  }),
  onStatement("write a * twice", (statement, random) => {
    const actions = actionsOf(statement);
    const index = at(random, actions);
    actions[index] = (actions[index] ?? "*").replace(/(?<=:.*)\*/, "**");
  }),
];

const CHANGING: readonly Mutation[] = [
  {
    name: "add a statement",
    apply: (access, random, with_) => void documentOf(access, random).Statement.push(randomStatement(random, with_)),
  },
  onStatement("remove a statement", (statement, _random, _with, document) => {
    if (document.Statement.length > 1) document.Statement.splice(document.Statement.indexOf(statement), 1);
  }),
  {
    name: "add a Deny",
    apply(access, random, with_) {
      documentOf(access, random).Statement.push({ ...randomStatement(random, with_), Effect: "Deny" });
    },
  },
  onStatement("turn the effect around", (statement) => {
    statement.Effect = statement.Effect === "Allow" ? "Deny" : "Allow";
  }),
  onStatement(
    "add an action",
    (statement, random, with_) => void actionsOf(statement).push(randomAction(random, with_)),
  ),
  onStatement("remove an action", (statement, random) => void withoutOne(actionsOf(statement), random)),
  onStatement("replace an action", (statement, random, with_) => {
    const actions = actionsOf(statement);
    actions[at(random, actions)] = randomAction(random, with_);
  }),
  onStatement("narrow an action", (statement, random) => {
    const actions = actionsOf(statement);
    const index = at(random, actions);
    actions[index] = (actions[index] ?? "").replace("*", (star, offset: number) =>
      offset === 0 ? pick(random, ["s3:*", "ec2:*"]) : pick(random, ["Get", "?*", "?", "t", star]),
    );
  }),
  onStatement("widen an action", (statement, random) => {
    const actions = actionsOf(statement);
    const index = at(random, actions);
    actions[index] = (actions[index] ?? "").replace(/[^:*]$/, pick(random, ["*", "?"]));
  }),
  onStatement("add a resource", (statement, random, with_) => {
    if (with_.use === "permissions") resourcesOf(statement).push(resourcePattern(random, with_));
  }),
  onStatement("remove a resource", (statement, random) => void withoutOne(resourcesOf(statement), random)),
  onStatement("replace a resource", (statement, random, with_) => {
    const resources = resourcesOf(statement);
    if (resources.length > 0) resources[at(random, resources)] = resourcePattern(random, with_);
  }),
  onStatement("narrow a resource", (statement, random) => {
    const resources = resourcesOf(statement);
    const index = at(random, resources);
    const text = resources[index];
    if (text !== undefined)
      resources[index] = text === "*" ? "arn:aws:s3:::*" : text.replace("*", pick(random, ["a", "?", "a*"]));
  }),
  onStatement("widen a resource", (statement, random) => {
    const resources = resourcesOf(statement);
    const index = at(random, resources);
    const text = resources[index];
    if (text !== undefined) resources[index] = text.replace(/[^:*}]$/, pick(random, ["*", "?", "?*"]));
  }),
  onStatement("negate the actions", (statement) => {
    const { Action, NotAction } = statement;
    delete statement.Action;
    delete statement.NotAction;
    if (Action !== undefined) statement.NotAction = Action;
    if (NotAction !== undefined) statement.Action = NotAction;
  }),
  onStatement("add a condition", (statement, random, with_) => addAtom(random, with_, statement)),
  onStatement("add a condition", (statement, random, with_) => addAtom(random, with_, statement)),
  onStatement("remove a condition", (statement, random) => {
    const operators = Object.keys(statement.Condition ?? {});
    if (operators.length > 0) delete statement.Condition?.[pick(random, operators)];
    if (Object.keys(statement.Condition ?? {}).length === 0) delete statement.Condition;
  }),
  onStatement("change an operator", changeOperator),
  onStatement("change an operator", changeOperator),
  onStatement("change the values of a condition", (statement, random, with_) => {
    const other: Draft = { Effect: "Allow" };
    addAtom(random, with_, other);
    const [[operator, values] = ["", []]] = listsOf(other);
    const alike = listsOf(statement).filter(([own]) => valueType(own) === valueType(operator));
    if (alike.length > 0) pick(random, alike)[1].push(...values);
  }),
  onStatement("change the principal", (statement, random, with_) => {
    if (with_.use !== "trust") return;
    delete statement.Principal;
    delete statement.NotPrincipal;
    Object.assign(statement, randomPrincipal(random, statement.Effect));
  }),
  {
    name: "change the Version",
    apply(access, random) {
      const document = documentOf(access, random);
      if (document.Version === undefined) document.Version = "2012-10-17";
      else delete document.Version;
    },
  },
  {
    name: "add or drop the boundary",
    apply(access, random, with_) {
      if (with_.use === "trust") return;
      if (access.layers.length > 1) access.layers.pop();
      else access.layers.push([randomDocument(random, with_)]);
    },
  },
];

export const MUTATIONS: readonly Mutation[] = [...CHANGING, ...CHANGING, ...NEUTRAL];

/** The lists of values under the operators of a condition. */
function listsOf({ Condition: condition = {} }: Draft): readonly (readonly [operator: string, values: string[]])[] {
  return Object.entries(condition).flatMap(([operator, keys]) =>
    Object.values(keys).map((values) => [operator, values] as const),
  );
}

const valueType = (operator: string): string => operatorParts(operator).name.slice(0, 4);

function withoutOne(list: unknown[], random: Random): void {
  if (list.length > 1) list.splice(at(random, list), 1);
}

const SWAPS: readonly (readonly [RegExp, string])[] = [
  [/IfExists$/, ""],
  [/(?<!Null|IfExists)$/, "IfExists"],
  [/^ForAnyValue:/, "ForAllValues:"],
  [/^ForAllValues:/, "ForAnyValue:"],
  [/Equals(?=IfExists|$)/, "Like"],
  [/Like/, "Equals"],
  [/(?<=String|Arn|Numeric|Date)Equals/, "NotEquals"],
  [/Not/, ""],
  [/LessThan$/, "LessThanEquals"],
  [/GreaterThanEquals/, "GreaterThan"],
  [/LessThan/, "GreaterThan"],
];

const KNOWN =
  /^(?:For(?:Any|All)Values:)?(?:String(?:Not)?(?:Equals|EqualsIgnoreCase|Like)|Arn(?:Not)?(?:Equals|Like)|(?:Numeric|Date)(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)|Bool|BinaryEquals|(?:Not)?IpAddress)(?:IfExists)?$|^Null$/;

function changeOperator(statement: Draft, random: Random): void {
  const condition = statement.Condition;
  if (condition === undefined) return;
  const operator = pick(random, Object.keys(condition));
  const [pattern, replacement] = pick(random, SWAPS);
  const changed = operator.replace(pattern, replacement);
  const keys = condition[operator];
  if (keys === undefined || changed in condition || !KNOWN.test(changed) || /^ForAny.*IfExists$/.test(changed)) return;
  delete condition[operator];
  condition[changed] = keys;
}
