import type { SchemaNode } from "../schema/structural.ts";
import { RE2_MATCHES } from "./library.ts";

/**
 * The worst cost of an expression by cel-go's and Kubernetes' static estimate, in its units: about one for each name,
 * selection and call, a tenth for each byte of a string that is read.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#resource-use-by-validation-functions
 */
export interface Estimate {
  readonly cost: number;
  /** The most entries or bytes of the value; Infinity when nothing is known of it. */
  readonly size: number;
  /** The schema of the value, when it is one of the resource's. */
  readonly node: SchemaNode | undefined;
}

/** The size of a value whose size the cost depends on. */
export type SizeOf = (value: Estimate) => number;

/** What reading one byte of a string costs. */
export const charCost = 0.1;
const regexCharCost = 0.25;

export function scaled(size: number, factor: number): number {
  return Math.ceil(size * factor);
}

/** The estimate of a value that is no part of the resource. */
export function plain(cost: number, size = 1): Estimate {
  return { cost, size, node: undefined };
}

const matching = new Set([RE2_MATCHES, "matches", "find", "findAll"]);
const sameSize = new Set(["lowerAscii", "upperAscii", "substring", "trim"]);
const searching = new Set(["isSorted", "sum", "min", "max", "indexOf", "lastIndexOf"]);
const unwrapping = new Set(["orValue", "value"]);

/** The items of a list of the resource, as far as their size goes. */
function itemSize(target: Estimate, sizeOf: SizeOf, unknown: number): number {
  const items = target.node?.type === "array" ? target.node.items : undefined;
  return items === undefined ? unknown : sizeOf({ cost: 0, size: 0, node: items });
}

function searchCost(target: Estimate, sizeOf: SizeOf): number {
  if (target.node?.type === "string") {
    return scaled(sizeOf(target), charCost);
  }
  const strings = target.node?.items?.type === "string";
  return sizeOf(target) * (strings ? 1 + scaled(itemSize(target, sizeOf, 0), charCost) : 1);
}

function replaced(target: Estimate, args: readonly Estimate[], cost: number, sizeOf: SizeOf): Estimate {
  const [old = plain(0, 0), next = plain(0, 0)] = args;
  const size = sizeOf(target);
  const shortest = old.node === undefined ? sizeOf(old) : 0;
  const result = sizeOf(next) > shortest ? size * Math.max(1, sizeOf(next)) : size;
  return plain(cost + scaled(size, 2 * charCost), result);
}

function joined(target: Estimate, args: readonly Estimate[], cost: number, sizeOf: SizeOf): Estimate {
  const [separator] = args;
  const each = itemSize(target, sizeOf, Number.POSITIVE_INFINITY);
  const total = sizeOf(target) * (each + (separator === undefined ? 0 : sizeOf(separator)));
  return plain(cost + scaled(total, charCost), total);
}

function rebuilt(name: string, target: Estimate, args: readonly Estimate[], cost: number, sizeOf: SizeOf): Estimate {
  switch (name) {
    case "replace":
      return replaced(target, args, cost, sizeOf);
    case "split":
      return plain(cost + scaled(sizeOf(target), 2 * charCost), sizeOf(target));
    case "join":
      return joined(target, args, cost, sizeOf);
    case "format":
      return plain(cost + scaled(sizeOf(target), charCost), Number.POSITIVE_INFINITY);
    default:
      return plain(cost + 1, unwrapping.has(name) ? Number.POSITIVE_INFINITY : 1);
  }
}

/** A method call; `cost` is that of the target and the arguments. */
export function methodEstimate(
  name: string,
  target: Estimate,
  args: readonly Estimate[],
  cost: number,
  sizeOf: SizeOf,
): Estimate {
  const [first = plain(0, 0)] = args;
  if (matching.has(name)) {
    const read = scaled(sizeOf(target) + 1, charCost) * scaled(sizeOf(first), regexCharCost);
    return plain(cost + read, name.startsWith("find") ? sizeOf(target) : 1);
  }
  if (name === "startsWith" || name === "endsWith") {
    return plain(cost + scaled(sizeOf(first), charCost));
  }
  if (name === "contains") {
    return plain(cost + scaled(sizeOf(target), charCost) * scaled(sizeOf(first), charCost));
  }
  if (sameSize.has(name)) {
    return plain(cost + scaled(sizeOf(target), charCost), sizeOf(target));
  }
  return searching.has(name) ? plain(cost + searchCost(target, sizeOf)) : rebuilt(name, target, args, cost, sizeOf);
}
