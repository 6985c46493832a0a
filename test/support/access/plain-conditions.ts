import type { RequestContext } from "../../../src/model/access/access-request.ts";
import { arnMatcher, globMatcher } from "./plain-patterns.ts";

/** One key under one operator. */
export interface Atom {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** An operator's name, taken apart. */
export interface OperatorParts {
  readonly set: "any" | "all" | undefined;
  /** `StringLike`, without what negates: in lower case. */
  readonly name: string;
  readonly isNegated: boolean;
  readonly ifExists: boolean;
}

export function operatorParts(operator: string): OperatorParts {
  const [, set, bare = "", ifExists] = /^(?:for(any|all)values?:)?(.*?)(ifexists)?$/.exec(operator.toLowerCase()) ?? [];
  const isNegated = /^(string|numeric|date|arn)not|^notip/.test(bare);
  return {
    set: set === "any" || set === "all" ? set : undefined,
    name: isNegated ? bare.replace("not", "") : bare,
    isNegated,
    ifExists: ifExists !== undefined,
  };
}

export function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** Milliseconds since the epoch. */
export function instantOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
}

/** An address as a number of its family; undefined when it is not one. Enough of IPv6 for the addresses of these tests. */
export function addressOf(text: string): { readonly bits: 32 | 128; readonly value: bigint } | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    return { bits: 32, value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!/^[0-9a-f:]+$/i.test(text)) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined): string[] => (part === undefined || part === "" ? [] : part.split(":"));
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(tail)];
  return { bits: 128, value: all.reduce((sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)), 0n) };
}

/** The first and the last address of a range. */
export function rangeOf(
  text: string,
): { readonly bits: 32 | 128; readonly low: bigint; readonly high: bigint } | undefined {
  const [network = "", prefix] = text.split("/");
  const address = addressOf(network);
  if (address === undefined) return undefined;
  const size = 1n << BigInt(address.bits - Number(prefix ?? address.bits));
  const low = (address.value / size) * size;
  return { bits: address.bits, low, high: low + size - 1n };
}

function inRange(wanted: string, given: string): boolean {
  const [range, address] = [rangeOf(wanted), addressOf(given)];
  if (range === undefined || address?.bits !== range.bits) return false;
  return address.value >= range.low && address.value <= range.high;
}

function isOrdered(name: string, wanted: number, given: number): boolean {
  if (name.endsWith("greaterthanequals")) return given >= wanted;
  if (name.endsWith("lessthanequals")) return given <= wanted;
  if (name.endsWith("greaterthan")) return given > wanted;
  if (name.endsWith("lessthan")) return given < wanted;
  return given === wanted;
}

/** Whether a value of the request is what a value of the policy says. */
function compare(name: string, wanted: string, given: string, variables: RequestContext | undefined): boolean {
  if (name.startsWith("numeric")) return isOrdered(name, numberOf(wanted), numberOf(given));
  if (name.startsWith("date")) return isOrdered(name, instantOf(wanted), instantOf(given));
  if (name.startsWith("arn")) return arnMatcher(wanted, { variables }, "no wildcard")(given);
  if (name === "ipaddress") return inRange(wanted, given);
  const ignoreCase = name === "bool" || name.endsWith("ignorecase");
  return globMatcher(wanted, { variables, ignoreCase, isLiteral: name !== "stringlike" })(given);
}

/** Whether one key under one operator holds. */
export function atomHolds(
  { operator, key, values: wanted }: Atom,
  context: RequestContext,
  hasVariables: boolean,
): boolean {
  const given = context.get(key.toLowerCase()) ?? [];
  if (operator.toLowerCase() === "null") {
    return wanted.some((value) => (value.toLowerCase() === "true") === (given.length === 0));
  }
  const { set, name, isNegated, ifExists } = operatorParts(operator);
  if (given.length === 0) return set === "any" ? false : set === "all" || ifExists || isNegated;
  const variables = hasVariables ? context : undefined;
  const passes = (value: string): boolean =>
    wanted.some((candidate) => compare(name, candidate, value, variables)) !== isNegated;
  return set === "all" || (set === undefined && isNegated) ? given.every(passes) : given.some(passes);
}

/** The parts of a Condition element. */
export function atomsOf(condition: unknown): readonly Atom[] {
  return Object.entries((condition ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>).flatMap(
    ([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({
        operator,
        key: key.toLowerCase(),
        values: (Array.isArray(values) ? values : [values]).map(String),
      })),
  );
}
