import { BlockList, isIP } from "node:net";
import { matchesArn, matchesPattern } from "./pattern.ts";
import type { RequestContext } from "./request-context.ts";

/** Whether a value of the request is what a value of the policy says. */
export type Comparison = (policyValue: string, requestValue: string, variables: RequestContext | undefined) => boolean;

const text =
  (options: { readonly ignoreCase?: boolean; readonly isLiteral?: boolean }): Comparison =>
  (wanted, given, variables) =>
    matchesPattern(wanted, given, { ...options, variables });

const ordered =
  (read: (value: string) => number, holds: (given: number, wanted: number) => boolean): Comparison =>
  (wanted, given) => {
    const [a, b] = [read(given), read(wanted)];
    return !Number.isNaN(a) && !Number.isNaN(b) && holds(a, b);
  };

/** A number, where the empty text is none. */
const number = (value: string): number => (value.trim() === "" ? Number.NaN : Number(value));

/** ISO 8601, or seconds since the epoch. */
const instant = (value: string): number => (/^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value));

const arn: Comparison = (wanted, given, variables) => matchesArn(wanted, given, { variables });

const inRange: Comparison = (wanted, given) => {
  const [network = "", prefix] = wanted.split("/");
  const [rangeFamily, family] = [isIP(network), isIP(given)];
  if (rangeFamily === 0 || family !== rangeFamily) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, Number(prefix ?? (family === 4 ? 32 : 128)), kind);
  return list.check(given, kind);
};

const orders: Readonly<Record<string, (given: number, wanted: number) => boolean>> = {
  equals: (given, wanted) => given === wanted,
  lessthan: (given, wanted) => given < wanted,
  lessthanequals: (given, wanted) => given <= wanted,
  greaterthan: (given, wanted) => given > wanted,
  greaterthanequals: (given, wanted) => given >= wanted,
};

const orderedBy = (type: string, read: (value: string) => number): [string, Comparison][] =>
  Object.entries(orders).map(([name, holds]) => [`${type}${name}`, ordered(read, holds)]);

/** By lower-case name, without what negates: `StringNotEquals` is `stringequals` that must not hold. */
const comparisons: ReadonlyMap<string, Comparison> = new Map([
  ["stringequals", text({ isLiteral: true })],
  ["stringequalsignorecase", text({ isLiteral: true, ignoreCase: true })],
  ["stringlike", text({})],
  ...orderedBy("numeric", number),
  ...orderedBy("date", instant),
  ["bool", text({ isLiteral: true, ignoreCase: true })],
  ["binaryequals", text({ isLiteral: true })],
  ["ipaddress", inRange],
  ["arnequals", arn],
  ["arnlike", arn],
]);

/** An operator of a condition, taken apart. */
export interface Operator {
  readonly compare: Comparison;
  readonly isNegated: boolean;
  /** `…IfExists`: holds where the request lacks the key. */
  readonly ifExists: boolean;
  readonly set: "any" | "all" | undefined;
}

/** The operator of this name, in whatever case; undefined for `Null`, which compares nothing, and for one that is none. */
export function operatorOf(name: string): Operator | undefined {
  const [, set, bare = ""] = /^(?:for(any|all)values?:)?(.*?)(?:ifexists)?$/.exec(name.toLowerCase()) ?? [];
  const isNegated = /^(string|numeric|date|arn)not|^notip/.test(bare);
  const compare = comparisons.get(isNegated ? bare.replace("not", "") : bare);
  if (compare === undefined) return undefined;
  return {
    compare,
    isNegated,
    ifExists: /ifexists$/i.test(name),
    set: set === "any" || set === "all" ? set : undefined,
  };
}
