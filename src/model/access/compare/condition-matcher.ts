import { asciiLowerCase } from "../../policy/policy-json.ts";
import { variableIn } from "../../policy/resource-pattern.ts";
import { globOf } from "../words/glob.ts";
import { GlobSet } from "../words/glob-set.ts";
import { inAnyCase, literalTokens, resourceTokens, type Token, textTokens, wildcardTokens } from "../words/tokens.ts";
import { type AddressRange, addressRange, instantOf, numberOf } from "./condition-values.ts";

/** The values that an operator matches, before its negation. */
export type Matcher =
  /** `Null`: whether the test holds when the key is absent, and when it is present. */
  | { readonly family: "presence"; readonly whenAbsent: boolean; readonly whenPresent: boolean }
  | { readonly family: "text"; readonly globs: GlobSet }
  | { readonly family: "number" | "date"; readonly order: Order; readonly bounds: readonly number[] }
  | { readonly family: "truth"; readonly values: ReadonlySet<boolean> }
  | { readonly family: "address"; readonly ranges: readonly AddressRange[] }
  /** The test may hold or not. `reason` is a clause for a message. */
  | { readonly family: "unknown"; readonly reason: string };

/** How a value compares with a bound. */
export type Order = "equals" | "lessthan" | "lessthanequals" | "greaterthan" | "greaterthanequals";

/** The key and the values of a test. */
export interface Operands {
  readonly key: string;
  readonly values: readonly string[];
  readonly hasVariables: boolean;
}

/**
 * The matcher of an operator. `operator` is its whole name, `bare` the name without qualifier, `IfExists` and negation, both in lower case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function matcherOf(operator: string, bare: string, operands: Operands): Matcher {
  const { key, values } = operands;
  if (values.length === 0) return unknown(`AWS does not document what a test of ${key} without values means`);
  if (operator === "null") return presence(operands);
  if (operator.startsWith("foranyvalue") && operator.endsWith("ifexists")) {
    return unknown(`AWS does not document ForAnyValue with IfExists, used for ${key}`);
  }
  return MATCHERS.get(bare)?.(operands) ?? unknown(`the condition operator for ${key} is not known`);
}

type MatcherOf = (operands: Operands) => Matcher;

type ToTokens = (text: string) => readonly Token[];

const ORDERS: readonly Order[] = ["equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals"];

const MATCHERS: ReadonlyMap<string, MatcherOf> = new Map<string, MatcherOf>([
  ["stringequals", (operands) => texts(operands, literalTokens)],
  ["stringequalsignorecase", textsInAnyCase],
  ["stringlike", (operands) => texts(operands, wildcardTokens)],
  ["arnequals", arns],
  ["arnlike", arns],
  ["binaryequals", binaries],
  ["bool", truths],
  ["ipaddress", addresses],
  ...ORDERS.flatMap((order): readonly [string, MatcherOf][] => [
    [`numeric${order}`, (operands) => line("number", order, operands)],
    [`date${order}`, (operands) => line("date", order, operands)],
  ]),
]);

function presence({ key, values }: Operands): Matcher {
  const wanted = truthsOf(values);
  if (wanted === undefined) return unknown(`a value of Null for ${key} is neither true nor false`);
  return { family: "presence", whenAbsent: wanted.has(true), whenPresent: wanted.has(false) };
}

function texts(operands: Operands, toTokens: ToTokens): Matcher {
  return withoutVariables(operands, (escapes) =>
    textMatcher(operands.values.map((value) => textTokens(value, escapes, toTokens))),
  );
}

/** How AWS folds the case of other letters is not documented. */
function textsInAnyCase(operands: Operands): Matcher {
  const isAscii = operands.values.every((value) => /^[ -~]*$/.test(value));
  if (!isAscii) return unknown(`a value for ${operands.key} has letters other than A to Z`);
  return texts(operands, (text) => inAnyCase(literalTokens(text)));
}

function arns(operands: Operands): Matcher {
  const { key, values } = operands;
  if (!values.every((value) => value === "*" || value.startsWith("arn:")))
    return unknown(`a value for ${key} is not an ARN`);
  return withoutVariables(operands, (escapes) =>
    textMatcher(values.map((value) => resourceTokens(value, "no wildcard", escapes).tokens)),
  );
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

function binaries({ key, values }: Operands): Matcher {
  if (!values.every((value) => BASE64.test(value))) return unknown(`a value for ${key} is not base64`);
  return textMatcher(values.map(literalTokens));
}

function textMatcher(values: readonly (readonly Token[])[]): Matcher {
  return { family: "text", globs: new GlobSet(values.map(globOf)) };
}

/** Escapes of one character, such as `${*}`, are the only variables whose values are known. */
function withoutVariables(
  { key, values, hasVariables }: Operands,
  matcher: (escapes: (() => readonly Token[]) | undefined) => Matcher,
): Matcher {
  if (!hasVariables) return matcher(undefined);
  const variable = values.map(variableIn).find((found) => found !== undefined);
  if (variable === undefined) return matcher(() => []);
  return unknown(`it depends on the policy variable ${variable} in the condition on ${key}`);
}

function line(family: "number" | "date", order: Order, { key, values }: Operands): Matcher {
  const bounds = values.map(family === "date" ? instantOf : numberOf);
  return bounds.every((bound) => bound !== undefined)
    ? { family, order, bounds }
    : unknown(`a value for ${key} is not a ${family}`);
}

function truths({ key, values }: Operands): Matcher {
  const wanted = truthsOf(values);
  return wanted === undefined
    ? unknown(`a value for ${key} is neither true nor false`)
    : { family: "truth", values: wanted };
}

function truthsOf(values: readonly string[]): ReadonlySet<boolean> | undefined {
  const wanted = values.map(asciiLowerCase);
  const isTruth = wanted.every((value) => value === "true" || value === "false");
  return isTruth ? new Set(wanted.map((value) => value === "true")) : undefined;
}

function addresses({ key, values }: Operands): Matcher {
  const ranges = values.map(addressRange);
  return ranges.every((range) => range !== undefined)
    ? { family: "address", ranges }
    : unknown(`a value for ${key} is not an IP address or a CIDR range`);
}

function unknown(reason: string): Matcher {
  return { family: "unknown", reason };
}
