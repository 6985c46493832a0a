import type { Random } from "../../../src/sandbox/aws/random.ts";
import {
  actionPattern,
  FAMILIES,
  type Family,
  once,
  pick,
  resourcePattern,
  SET_KEYS,
  type TextOptions,
  variableString,
} from "./random-texts.ts";

/** A statement as it is made and changed: every list is a list, also when it has one member. */
export interface Draft {
  Effect: "Allow" | "Deny";
  Principal?: string | Record<string, string[]>;
  NotPrincipal?: Record<string, string[]>;
  Action?: string[];
  NotAction?: string[];
  Resource?: string[];
  NotResource?: string[];
  Condition?: Record<string, Record<string, string[]>>;
}

export interface DraftDocument {
  Version?: string;
  Statement: Draft[];
}

export interface DraftAccess {
  use: "permissions" | "trust";
  layers: DraftDocument[][];
}

/** What the policies of one pair are made of. One pair has few kinds of things, so that they meet. */
export interface Ingredients extends TextOptions {
  readonly use: "permissions" | "trust";
  readonly keys: readonly ConditionKey[];
  readonly conditions: boolean;
}

interface ConditionKey {
  readonly key: string;
  readonly family: Family;
  readonly isSet: boolean;
}

export function ingredients(random: Random): Ingredients {
  const families = Object.keys(FAMILIES) as Family[];
  const keys = Array.from({ length: pick(random, [1, 1, 2, 2, 3]) }, (): ConditionKey => {
    const family = once(random, 3) ? "string" : pick(random, families);
    const setKey = SET_KEYS[family];
    const isSet = setKey !== undefined && once(random, 3);
    const key = isSet ? setKey : pick(random, FAMILIES[family].keys);
    // Rarely a key is compared as what it is not.
    return { key, family: once(random, 60) ? pick(random, families) : family, isSet };
  });
  return {
    use: once(random, 10) ? "trust" : "permissions",
    colons: once(random, 5),
    variables: once(random, 5),
    conditions: !once(random, 3),
    keys,
  };
}

const some = <T>(random: Random, counts: readonly number[], make: () => T): T[] => [
  ...new Set(Array.from({ length: pick(random, counts) }, make)),
];

export function randomAccess(random: Random, with_: Ingredients): DraftAccess {
  const layers = with_.use === "permissions" && once(random, 6) ? 2 : 1;
  return {
    use: with_.use,
    layers: Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: layer === 0 && once(random, 7) && with_.use === "permissions" ? 2 : 1 }, () =>
        randomDocument(random, with_),
      ),
    ),
  };
}

export function randomDocument(random: Random, with_: Ingredients): DraftDocument {
  const hasVersion = with_.variables ? !once(random, 5) : once(random, 2);
  return {
    ...(hasVersion && { Version: pick(random, ["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]) }),
    Statement: Array.from({ length: pick(random, [1, 1, 2, 2, 3, 4]) }, () => randomStatement(random, with_)),
  };
}

export function randomStatement(random: Random, with_: Ingredients): Draft {
  const statement: Draft = { Effect: once(random, 4) ? "Deny" : "Allow" };
  if (with_.use === "trust") Object.assign(statement, randomPrincipal(random, statement.Effect));
  const actions = some(random, [1, 1, 1, 2, 3], () => randomAction(random, with_));
  statement[once(random, 9) ? "NotAction" : "Action"] = actions;
  if (with_.use === "permissions") {
    statement[once(random, 9) ? "NotResource" : "Resource"] = some(random, [1, 1, 1, 2, 3], () =>
      resourcePattern(random, with_),
    );
  }
  const atoms = with_.conditions && !once(random, 3) ? pick(random, [1, 1, 1, 2]) : 0;
  for (let index = 0; index < atoms; index += 1) addAtom(random, with_, statement);
  return statement;
}

const TRUST_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:*", "sts:Assume*", "STS:assumerole", "*", "sts:Tag*"];

export function randomAction(random: Random, { use }: Ingredients): string {
  return use === "trust" ? pick(random, TRUST_ACTIONS) : actionPattern(random);
}

const PRINCIPALS: readonly (readonly [type: string, name: string])[] = [
  ["AWS", "*"],
  ["AWS", "111111111111"],
  ["AWS", "arn:aws:iam::111111111111:root"],
  ["AWS", "arn:aws:iam::111111111111:role/a"],
  ["AWS", "arn:aws:iam::111111111111:role/b"],
  ["AWS", "arn:aws:iam::222222222222:user/a"],
  ["Service", "ec2.amazonaws.com"],
  ["Service", "ecs.amazonaws.com"],
  ["Federated", "arn:aws:iam::111111111111:oidc-provider/x"],
  ["Federated", "*"],
];

export function randomPrincipal(random: Random, effect: Draft["Effect"]): Pick<Draft, "Principal" | "NotPrincipal"> {
  if (once(random, 9)) return { Principal: "*" };
  const names: Record<string, string[]> = {};
  for (const [type, name] of some(random, [1, 1, 2, 3], () => pick(random, PRINCIPALS))) {
    names[type] = [...(names[type] ?? []), name];
  }
  const negates = effect === "Deny" && once(random, 4) && names["AWS"]?.includes("*") !== true;
  return negates ? { NotPrincipal: names } : { Principal: names };
}

/** Adds an operator on a key to the statement's Condition. */
export function addAtom(random: Random, with_: Ingredients, statement: Draft): void {
  const { key, family, isSet } = pick(random, with_.keys);
  const { operators, values } = FAMILIES[family];
  if (once(random, 8)) {
    put(statement, "Null", key, [pick(random, ["true", "false", "false"])]);
    return;
  }
  const set = isSet ? pick(random, ["ForAnyValue:", "ForAllValues:"]) : "";
  const ifExists = once(random, 4) && set !== "ForAnyValue:" ? "IfExists" : "";
  const hasVariable = with_.variables && (family === "string" || family === "arn") && once(random, 3);
  const wanted = some(random, [1, 1, 2, 3], () => (hasVariable ? variableString(random) : pick(random, values)));
  put(
    statement,
    `${set}${pick(random, operators)}${ifExists}`,
    key,
    hasVariable && family === "arn" ? asArns(wanted) : wanted,
  );
}

const asArns = (texts: readonly string[]): string[] => texts.map((text) => `arn:aws:s3:::${text}`);

function put(statement: Draft, operator: string, key: string, values: string[]): void {
  const condition = statement.Condition ?? {};
  condition[operator] = { ...condition[operator], [key]: values };
  statement.Condition = condition;
}
