import type { RequestContext } from "../access-request.ts";
import { compileArn } from "./arn.ts";
import { instantOf, ipAddressOf, ipRangeOf, isBase64, numberOf } from "./condition-values.ts";
import { compileText } from "./text-pattern.ts";

/** Whether a value of the request is what a value of the policy says. */
export type ValueTest = (given: string, context: RequestContext) => boolean;

/** Compiles a value of the policy; undefined for one that the operator cannot read. */
type Comparison = (wanted: string, hasVariables: boolean) => ValueTest | undefined;

const literal: Comparison = (wanted, hasVariables) => compileText(wanted, { hasVariables, isLiteral: true }).matches;

const literalInAnyCase: Comparison = (wanted, hasVariables) =>
  compileText(wanted, { hasVariables, isLiteral: true, fold: (text) => text.toLowerCase() }).matches;

const pattern: Comparison = (wanted, hasVariables) => compileText(wanted, { hasVariables }).matches;

const arn: Comparison = (wanted, hasVariables) => compileArn(wanted, { hasVariables }).matches;

const ordered =
  (read: (text: string) => number, holds: (given: number, wanted: number) => boolean): Comparison =>
  (text) => {
    const wanted = read(text);
    return Number.isNaN(wanted) ? undefined : (given) => holds(read(given), wanted);
  };

/** `true` and `false`, in any case. */
const truth: Comparison = (text) => {
  const wanted = text.toLowerCase();
  return wanted === "true" || wanted === "false" ? (given) => given.toLowerCase() === wanted : undefined;
};

const binary: Comparison = (wanted) => (isBase64(wanted) ? (given) => given === wanted : undefined);

const inRange: Comparison = (wanted) => {
  const isIn = ipRangeOf(wanted);
  if (isIn === undefined) return undefined;
  return (given) => {
    const address = ipAddressOf(given);
    return address !== undefined && isIn(address);
  };
};

const NEGATED = { isNegated: true };
const PLAIN = { isNegated: false };

function withOrder(type: "numeric" | "date", read: (text: string) => number): [string, Compared][] {
  return [
    [`${type}equals`, { compile: ordered(read, (given, wanted) => given === wanted), ...PLAIN }],
    [`${type}notequals`, { compile: ordered(read, (given, wanted) => given === wanted), ...NEGATED }],
    [`${type}lessthan`, { compile: ordered(read, (given, wanted) => given < wanted), ...PLAIN }],
    [`${type}lessthanequals`, { compile: ordered(read, (given, wanted) => given <= wanted), ...PLAIN }],
    [`${type}greaterthan`, { compile: ordered(read, (given, wanted) => given > wanted), ...PLAIN }],
    [`${type}greaterthanequals`, { compile: ordered(read, (given, wanted) => given >= wanted), ...PLAIN }],
  ];
}

interface Compared {
  readonly compile: Comparison;
  /** `StringNotEquals` is `StringEquals` that must not hold. */
  readonly isNegated: boolean;
}

/**
 * By lower-case name. Variables are read in the operators of texts and ARNs alone.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
const COMPARISONS: ReadonlyMap<string, Compared> = new Map([
  ["stringequals", { compile: literal, ...PLAIN }],
  ["stringnotequals", { compile: literal, ...NEGATED }],
  ["stringequalsignorecase", { compile: literalInAnyCase, ...PLAIN }],
  ["stringnotequalsignorecase", { compile: literalInAnyCase, ...NEGATED }],
  ["stringlike", { compile: pattern, ...PLAIN }],
  ["stringnotlike", { compile: pattern, ...NEGATED }],
  ...withOrder("numeric", numberOf),
  ...withOrder("date", instantOf),
  ["bool", { compile: truth, ...PLAIN }],
  ["binaryequals", { compile: binary, ...PLAIN }],
  ["ipaddress", { compile: inRange, ...PLAIN }],
  ["notipaddress", { compile: inRange, ...NEGATED }],
  // ArnEquals and ArnLike are the same operator.
  ["arnequals", { compile: arn, ...PLAIN }],
  ["arnlike", { compile: arn, ...PLAIN }],
  ["arnnotequals", { compile: arn, ...NEGATED }],
  ["arnnotlike", { compile: arn, ...NEGATED }],
]);

/** An operator of a condition, taken apart. */
export interface ConditionOperator extends Compared {
  /** `…IfExists`: holds when the request does not have the key. */
  readonly ifExists: boolean;
  /** `ForAnyValue:` and `ForAllValues:`. */
  readonly set: "any" | "all" | undefined;
}

/** The operator of this name, in any case; `"null"` for `Null`, which compares nothing. Undefined for an unknown name. */
export function conditionOperator(name: string): ConditionOperator | "null" | undefined {
  const lower = name.toLowerCase();
  if (lower === "null") return "null";
  const [, set, bare = "", ifExists] = /^(?:for(any|all)values?:)?(.*?)(ifexists)?$/s.exec(lower) ?? [];
  const compared = COMPARISONS.get(bare);
  if (compared === undefined) return undefined;
  return {
    ...compared,
    ifExists: ifExists !== undefined,
    set: set === "any" || set === "all" ? set : undefined,
  };
}
