import { fieldNode, type SchemaNode } from "../schema/structural.ts";
import { charCost, type Estimate, methodEstimate, plain, scaled } from "./method-cost.ts";
import { type CelCall, type CelNode, callOf, isNode } from "./node.ts";
import { assumedBound, declaredBound } from "./schema-size.ts";

/** What an estimate has learnt by the way. */
export interface Reach {
  /** Called for every list, map and string without a bound whose size matters. */
  readonly unbounded: (node: SchemaNode) => void;
}

type Scope = ReadonlyMap<string, Estimate>;

const listCost = 10;
const mapCost = 30;

/** The cost of one round of a macro, beside the predicate's, and what the macro costs once. */
const macros: Readonly<Record<string, { readonly round: number; readonly once: number; readonly list: boolean }>> = {
  all: { round: 3, once: 1, list: false },
  exists: { round: 4, once: 1, list: false },
  exists_one: { round: 2, once: 2, list: false },
  filter: { round: 13, once: listCost + 1, list: true },
  map: { round: 12, once: listCost + 1, list: true },
};

const reading = new Set(["isIP", "isCIDR", "isQuantity", "quantity", "url", "ip", "cidr"]);
const equality = new Set(["==", "!="]);
const ordering = new Set(["<", "<=", ">", ">="]);

export class CostEstimator {
  readonly #reach: Reach;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  /** The cost of an expression about a value of the given schema. */
  estimate(expression: CelNode, self: SchemaNode): number {
    const variable: Estimate = { cost: 1, size: 0, node: self };
    return this.#of(
      expression,
      new Map([
        ["self", variable],
        ["oldSelf", variable],
      ]),
    ).cost;
  }

  /** The size of a value that the cost depends on. */
  #size(value: Estimate): number {
    if (value.node === undefined) {
      return value.size;
    }
    const bound = declaredBound(value.node);
    if (bound === undefined) {
      this.#reach.unbounded(value.node);
    }
    return bound ?? assumedBound(value.node);
  }

  #of(node: CelNode, scope: Scope): Estimate {
    const call = callOf(node);
    if (call !== undefined) {
      return this.#call(call, scope);
    }
    const operands = (Array.isArray(node.args) ? node.args : [node.args]).filter(isNode);
    switch (node.op) {
      case "value":
        return plain(0, typeof node.args === "string" ? [...node.args].length : 1);
      case "id":
        return scope.get(String(node.args)) ?? plain(1, Number.POSITIVE_INFINITY);
      case ".":
      case ".?":
      case "[]":
      case "[?]":
        return this.#access(node, operands, scope);
      case "list":
        return plain(this.#sum(operands, scope) + listCost, operands.length);
      case "map":
        return this.#map(node, scope);
      default:
        return this.#operator(node.op, operands, scope);
    }
  }

  #sum(nodes: readonly CelNode[], scope: Scope): number {
    return nodes.reduce((sum, node) => sum + this.#of(node, scope).cost, 0);
  }

  #map(node: CelNode, scope: Scope): Estimate {
    const entries = Array.isArray(node.args) ? node.args.flat().filter(isNode) : [];
    return plain(this.#sum(entries, scope) + mapCost, entries.length / 2);
  }

  #access(node: CelNode, operands: readonly CelNode[], scope: Scope): Estimate {
    const [holder, index] = operands.map((operand) => this.#of(operand, scope));
    const cost = (holder?.cost ?? 0) + (index?.cost ?? 0) + 1;
    const schema = holder?.node;
    if (schema === undefined) {
      return plain(cost, Number.POSITIVE_INFINITY);
    }
    const field: unknown = Array.isArray(node.args) ? node.args[1] : undefined;
    const below = index === undefined ? declaredField(schema, String(field)) : elementOf(schema);
    return { cost, size: below === undefined ? Number.POSITIVE_INFINITY : 0, node: below };
  }

  #operator(op: string, operands: readonly CelNode[], scope: Scope): Estimate {
    const values = operands.map((operand) => this.#of(operand, scope));
    const cost = values.reduce((sum, value) => sum + value.cost, 0);
    const [first = plain(0), second = plain(0), third = plain(0)] = values;
    if (op === "&&" || op === "||") {
      return plain(cost);
    }
    if (op === "?:") {
      const size = Math.max(this.#size(second), this.#size(third));
      return plain(first.cost + Math.max(second.cost, third.cost), size);
    }
    const texts = first.node?.type === "string" || second.node?.type === "string";
    if (equality.has(op) || (ordering.has(op) && texts)) {
      return plain(cost + scaled(Math.min(this.#size(first), this.#size(second)), charCost));
    }
    if (op === "in") {
      return plain(cost + (second.node?.type === "object" ? 1 : this.#size(second)));
    }
    return op === "+" ? this.#addition(first, second, cost) : plain(cost + 1);
  }

  #addition(first: Estimate, second: Estimate, cost: number): Estimate {
    const size = this.#size(first) + this.#size(second);
    return plain(cost + Math.max(1, scaled(size, charCost)), size);
  }

  #call(call: CelCall, scope: Scope): Estimate {
    const [first] = call.args;
    if (call.receiver === undefined) {
      return this.#function(call, first, scope);
    }
    const range = this.#of(call.receiver, scope);
    const macro = first?.op === "id" ? macros[call.name] : undefined;
    if (macro !== undefined) {
      return this.#macro(call, macro, range, scope);
    }
    const args = call.args.map((arg) => this.#of(arg, scope));
    const cost = args.reduce((sum, arg) => sum + arg.cost, range.cost);
    return methodEstimate(call.name, range, args, cost, (value) => this.#size(value));
  }

  #function(call: CelCall, first: CelNode | undefined, scope: Scope): Estimate {
    if (call.name === "has") {
      const [holder] = first === undefined || !Array.isArray(first.args) ? [] : first.args.filter(isNode);
      return plain(holder === undefined ? 0 : this.#of(holder, scope).cost);
    }
    const args = call.args.map((arg) => this.#of(arg, scope));
    const cost = args.reduce((sum, arg) => sum + arg.cost, 0);
    const [argument] = args;
    if (argument !== undefined && reading.has(call.name)) {
      return plain(cost + scaled(this.#size(argument), charCost), this.#size(argument));
    }
    return plain(cost + 1, call.name === "string" ? Number.POSITIVE_INFINITY : 1);
  }

  #macro(
    call: CelCall,
    macro: { round: number; once: number; list: boolean },
    range: Estimate,
    scope: Scope,
  ): Estimate {
    const [variable, ...bodies] = call.args;
    const element = range.node === undefined ? undefined : iteratedOf(range.node);
    const unknown = range.node === undefined ? Number.POSITIVE_INFINITY : 0;
    const inner = new Map(scope).set(String(variable?.args), { cost: 1, size: unknown, node: element });
    const rounds = this.#size(range);
    const cost = range.cost + macro.once + rounds * (this.#sum(bodies, inner) + macro.round);
    return plain(Number.isNaN(cost) ? range.cost : cost, macro.list ? rounds : 1);
  }
}

function declaredField(node: SchemaNode, name: string): SchemaNode | undefined {
  const unescaped = name
    .replace(/^__([a-z]+)__$/, (whole, word: string) => (node.properties.has(word) ? word : whole))
    .replaceAll("__dot__", ".")
    .replaceAll("__dash__", "-")
    .replaceAll("__slash__", "/")
    .replaceAll("__underscores__", "__");
  return fieldNode(node, node.properties.has(name) ? name : unescaped);
}

function elementOf(node: SchemaNode): SchemaNode | undefined {
  return node.type === "array" ? node.items : typeof node.additional === "object" ? node.additional : undefined;
}

/** A macro over a map goes through its keys, of which the estimate takes no size. */
function iteratedOf(node: SchemaNode): SchemaNode | undefined {
  return node.type === "array" ? node.items : undefined;
}
