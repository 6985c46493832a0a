import { RE2_MATCHES } from "./library.ts";
import { type CelNode, callOf, isNode } from "./node.ts";

/** An error of the CEL library as far as it is read here. */
interface CelFault {
  readonly code: string;
  readonly summary: string;
  readonly start: number;
  readonly node: CelNode | undefined;
}

function faultOf(error: unknown): CelFault {
  const shape = error as { code?: unknown; summary?: unknown; message?: unknown; node?: unknown; range?: unknown };
  const range = shape.range as { readonly start?: unknown } | undefined;
  return {
    code: String(shape.code ?? ""),
    summary: String(shape.summary ?? shape.message ?? error),
    start: typeof range?.start === "number" ? range.start : 0,
    node: isNode(shape.node) ? shape.node : undefined,
  };
}

const binary = new Set(["!=", "==", "in", "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "&&", "||"]);

function operand(node: CelNode, index: number): CelNode | undefined {
  const value: unknown = Array.isArray(node.args) ? node.args[index] : undefined;
  return isNode(value) ? value : undefined;
}

/** What cel-go points at: the operator, the dot of a selection, the parenthesis of a call. */
function pointedAt(node: CelNode, source: string): number {
  const after = (symbol: string, from: number): number => Math.max(source.indexOf(symbol, from), node.start);
  const call = callOf(node);
  if (call !== undefined) {
    return after("(", call.receiver?.end ?? node.start);
  }
  const left = operand(node, 0);
  if (left === undefined) {
    return node.start;
  }
  if (node.op === "." || node.op === ".?") {
    return after(".", left.end);
  }
  return node.op === "?:" ? after("?", left.end) : binary.has(node.op) ? after(node.op, left.end) : node.start;
}

function goTypes(text: string): string {
  return text.replaceAll("<", "(").replaceAll(">", ")");
}

function overloadWords(summary: string): string {
  const [, left = "", op = "", right = ""] = /^no such overload: (.+) (\S+) (.+)$/.exec(summary) ?? [];
  if (op === "") {
    const [, sign = "", type = ""] = /^no such overload: ([!-])(.+)$/.exec(summary) ?? [];
    return `found no matching overload for '${sign}_' applied to '(${goTypes(type)})'`;
  }
  const name = op === "in" ? "@in" : `_${op}_`;
  return `found no matching overload for '${name}' applied to '(${goTypes(left)}, ${goTypes(right)})'`;
}

function callWords(summary: string, node: CelNode | undefined, known: ReadonlySet<string>): string {
  const name = node === undefined ? undefined : callOf(node)?.name;
  const [, applied = "", types = ""] = /^found no matching overload for '(.*)\((.*)\)'$/.exec(summary) ?? [];
  if (name === undefined || applied === "") {
    return summary;
  }
  const shown = name === RE2_MATCHES ? "matches" : name;
  if (!known.has(name)) {
    return `undeclared reference to '${shown}' (in container '')`;
  }
  const receiver = applied === name ? "" : `${applied.slice(0, -name.length - 1)}.`;
  return `found no matching overload for '${shown}' applied to '${goTypes(`${receiver}(${types})`)}'`;
}

function compileWords(fault: CelFault, known: ReadonlySet<string>): string {
  const { summary } = fault;
  switch (fault.code) {
    case "no_such_key":
      return `undefined field '${summary.replace(/^No such key: /, "")}'`;
    case "unknown_variable":
      return `undeclared reference to '${summary.replace(/^Unknown variable: /, "")}' (in container '')`;
    case "no_such_overload":
      return overloadWords(summary);
    case "no_matching_overload":
      return callWords(summary, fault.node, known);
    case "incompatible_ternary_branches": {
      const [left = "", right = ""] = [...summary.matchAll(/'([^']*)'/g)].map((match) => goTypes(match[1] ?? ""));
      return `found no matching overload for '_?_:_' applied to '(bool, ${left}, ${right})'`;
    }
    case "heterogeneous_list_element":
      return goTypes(summary.replace(/^.*?, /, ""));
    default:
      return summary;
  }
}

/** A complaint with its place, laid out as cel-go does. */
export function locatedComplaint(source: string, offset: number, words: string): string {
  const before = source.slice(0, offset).split("\n");
  const line = source.split("\n")[before.length - 1] ?? "";
  const column = before.at(-1)?.length ?? 0;
  return `ERROR: <input>:${before.length}:${column + 1}: ${words}\n | ${line}\n | ${".".repeat(column)}^`;
}

/** Why an expression does not compile; `known` are the names of all declared functions. */
export function compileComplaint(source: string, error: unknown, known: ReadonlySet<string>): string {
  const fault = faultOf(error);
  const offset = fault.node === undefined ? fault.start : pointedAt(fault.node, source);
  return locatedComplaint(source, offset, compileWords(fault, known));
}

const runtimeWords: Readonly<Record<string, (summary: string) => string>> = {
  no_such_key: (summary) => `no such key: ${summary.replace(/^No such key: /, "")}`,
  index_out_of_bounds: (summary) => `index out of bounds: ${/index (-?\d+)/.exec(summary)?.[1] ?? ""}`,
  no_such_overload: () => "no such overload",
  no_matching_overload: () => "no such overload",
  modulo_by_zero: () => "modulus by zero",
  numeric_overflow: () => "integer overflow",
};

/** Why an evaluation has no value, in cel-go's words where they are known. */
export function evaluationComplaint(error: unknown): string {
  const { code, summary } = faultOf(error);
  return (runtimeWords[code] ?? ((text: string) => text))(summary);
}
