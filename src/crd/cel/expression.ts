import type { Environment } from "@marcbachmann/cel-js";
import { adaptExpression } from "./adapt.ts";
import { type CelNode, walkNodes } from "./node.ts";
import { compileComplaint, locatedComplaint } from "./words.ts";

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

function functionNames(environment: Environment): ReadonlySet<string> {
  return new Set(environment.getDefinitions().functions.map((declared) => declared.name));
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
  const refused = (error: unknown): ExpressionError =>
    new ExpressionError(`compilation failed: ${compileComplaint(source, error, functionNames(environment))}`);
  const parsed = attempt(() => environment.parse(source), refused);
  const ast = parsed.ast as unknown as CelNode;
  const objection = adaptExpression(environment, ast);
  if (objection !== undefined) {
    throw new ExpressionError(
      `compilation failed: ${locatedComplaint(source, objection.node.start, objection.message)}`,
    );
  }
  const checked = parsed.check();
  if (!checked.valid) {
    throw refused(checked.error);
  }
  if (checked.type !== wanted) {
    const must =
      wanted === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string";
    throw new ExpressionError(must);
  }
  return { ast, usesOldSelf: mentions(ast, "oldSelf"), evaluate: (variables) => parsed(variables) };
}

function attempt<T>(run: () => T, wrap: (error: unknown) => Error): T {
  try {
    return run();
  } catch (error) {
    throw wrap(error);
  }
}
