import type { Environment } from "@marcbachmann/cel-js";
import { adaptExpression } from "./adapt.ts";
import { type CelNode, walkNodes } from "./node.ts";

/** A checked expression. */
export interface Expression {
  readonly usesOldSelf: boolean;
  /** Throws what the library throws when the expression has no value. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** An expression that does not parse, or does not fit the types it is about. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

function mentions(root: CelNode, variable: string): boolean {
  let found = false;
  walkNodes(root, (node) => {
    found ||= node.op === "id" && node.args === variable;
  });
  return found;
}

/** Parses and checks; throws ExpressionError unless the expression is certain to give the wanted type. */
export function compileExpression(environment: Environment, source: string, wanted: "bool" | "string"): Expression {
  const parsed = parse(environment, source);
  const ast = parsed.ast as unknown as CelNode;
  adaptExpression(ast);
  const checked = parsed.check();
  if (!checked.valid) {
    throw new ExpressionError(`compilation failed: ${checked.error?.message}`);
  }
  if (checked.type !== wanted) {
    throw new ExpressionError(`must evaluate to a ${wanted}, not to ${checked.type}`);
  }
  return { usesOldSelf: mentions(ast, "oldSelf"), evaluate: (variables) => parsed(variables) };
}

function parse(environment: Environment, source: string): ReturnType<Environment["parse"]> {
  try {
    return environment.parse(source);
  } catch (error) {
    throw new ExpressionError(`compilation failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
