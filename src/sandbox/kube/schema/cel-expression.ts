import type { Environment } from "@marcbachmann/cel-js";
import { RE2_MATCHES } from "./cel-library.ts";

/** A node of the library's syntax tree as far as it is read here. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
}

function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

/** The nodes directly below a node; arguments of macros are in the tree as they were written. */
export function childNodes(node: CelNode): readonly CelNode[] {
  const below = (value: unknown): readonly CelNode[] =>
    isNode(value) ? [value] : Array.isArray(value) ? value.flatMap(below) : [];
  return below(node.args);
}

function walk(node: CelNode, visit: (node: CelNode) => void): void {
  visit(node);
  for (const child of childNodes(node)) {
    walk(child, visit);
  }
}

function useRe2(node: CelNode): void {
  if (node.op === "rcall" && Array.isArray(node.args) && node.args[0] === "matches") {
    node.args[0] = RE2_MATCHES;
  }
}

/** A checked expression. */
export interface Expression {
  readonly ast: CelNode;
  readonly usesOldSelf: boolean;
  /** Throws what the library throws when the expression has no value. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** An expression that does not parse, or does not fit the types it is about. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

function celError(error: unknown): { readonly code: string; readonly summary: string; readonly start: number } {
  const shape = error as { code?: unknown; summary?: unknown; message?: unknown; range?: { start?: unknown } };
  return {
    code: String(shape.code ?? ""),
    summary: String(shape.summary ?? shape.message ?? error),
    start: typeof shape.range?.start === "number" ? shape.range.start : 0,
  };
}

function goWords(code: string, summary: string): string {
  if (code === "no_such_key") {
    return `undefined field '${summary.replace(/^No such key: /, "")}'`;
  }
  if (code === "unknown_variable") {
    return `undeclared reference to '${summary.replace(/^Unknown variable: /, "")}' (in container '')`;
  }
  return summary.replaceAll(RE2_MATCHES, "matches");
}

/** The complaint with its place, laid out as cel-go does. */
function located(source: string, error: unknown): string {
  const { code, summary, start } = celError(error);
  const before = source.slice(0, start).split("\n");
  const line = source.split("\n")[before.length - 1] ?? "";
  const column = before.at(-1)?.length ?? 0;
  return `ERROR: <input>:${before.length}:${column + 1}: ${goWords(code, summary)}\n | ${line}\n | ${".".repeat(column)}^`;
}

/** Parses and checks; throws ExpressionError unless the expression is certain to give the wanted type. */
export function compileExpression(environment: Environment, source: string, wanted: "bool" | "string"): Expression {
  const failed = (error: unknown): ExpressionError =>
    new ExpressionError(`compilation failed: ${located(source, error)}`);
  let usesOldSelf = false;
  const parsed = attempt(() => environment.parse(source), failed);
  const ast = parsed.ast as unknown as CelNode;
  walk(ast, (node) => {
    useRe2(node);
    usesOldSelf ||= node.op === "id" && node.args === "oldSelf";
  });
  const checked = parsed.check();
  if (!checked.valid) {
    throw failed(checked.error);
  }
  if (checked.type !== wanted) {
    const what =
      wanted === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string";
    throw new ExpressionError(what);
  }
  return { ast, usesOldSelf, evaluate: (variables) => parsed(variables) };
}

function attempt<T>(run: () => T, wrap: (error: unknown) => Error): T {
  try {
    return run();
  } catch (error) {
    throw wrap(error);
  }
}

const runtimeWords: Readonly<Record<string, (summary: string) => string>> = {
  no_such_key: (summary) => `no such key: ${summary.replace(/^No such key: /, "")}`,
  index_out_of_bounds: (summary) => `index out of bounds: ${/index (-?\d+)/.exec(summary)?.[1] ?? ""}`,
  modulo_by_zero: () => "modulus by zero",
  numeric_overflow: () => "integer overflow",
};

/** Why an evaluation has no value, in cel-go's words where they are known. */
export function evaluationComplaint(error: unknown): string {
  const { code, summary } = celError(error);
  return (runtimeWords[code] ?? ((text: string) => text))(summary);
}
