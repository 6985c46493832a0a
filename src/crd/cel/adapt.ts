import { Optional } from "@marcbachmann/cel-js";
import { RE2_MATCHES } from "./library.ts";
import { type CelNode, callOf, walkNodes } from "./node.ts";

/**
 * The CEL library differs from the API server's in a few places that its own extension points do not reach. They are
 * mended in the parsed tree, before the types are checked.
 */

/** What the library hands to a macro: https://github.com/marcbachmann/cel-js#custom-macros */
interface Checker {
  check(node: CelNode, context: unknown): unknown;
  getType(name: string): unknown;
  createError(code: string, message: string, node: CelNode): Error;
}

interface Evaluator {
  run(node: CelNode, context: unknown): unknown;
  debugType(value: unknown): {
    fieldLazy(value: unknown, field: unknown, node: CelNode, evaluator: Evaluator): unknown;
  };
}

/** A node as the library's own macros treat it. */
interface MacroNode extends CelNode {
  setMeta(key: string, value: unknown): unknown;
}

/**
 * The library's has() looks neither whether the field is declared, nor at anything but a chain of names: has(list[0].a)
 * would be refused. This one checks its argument like any other expression.
 */
function strictHas(argument: CelNode): Readonly<Record<string, unknown>> {
  return {
    typeCheck(checker: Checker, _macro: unknown, context: unknown): unknown {
      if (argument.op !== "." && argument.op !== ".?") {
        throw checker.createError("invalid_macro_argument", "invalid argument to has() macro", argument);
      }
      checker.check(argument, context);
      return checker.getType("bool");
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: unknown): boolean {
      const [operand, field] = argument.args as readonly [CelNode, unknown];
      const holder = evaluator.run(operand, context);
      const value = evaluator.debugType(holder).fieldLazy(holder, field, argument, evaluator);
      return value instanceof Optional ? value.hasValue() : value !== undefined;
    },
  };
}

function adaptCall(node: CelNode): void {
  const call = callOf(node);
  const [first] = call?.args ?? [];
  if (call === undefined || first === undefined) {
    return;
  }
  if (call.name === "has" && call.receiver === undefined) {
    (node as MacroNode).setMeta("macro", strictHas(first));
  } else if (call.name === "matches" && call.receiver !== undefined) {
    (node.args as unknown[])[0] = RE2_MATCHES;
  }
}

/** Mends the tree in place. */
export function adaptExpression(root: CelNode): void {
  const nodes: CelNode[] = [];
  walkNodes(root, (node) => nodes.push(node));
  for (const node of nodes) {
    adaptCall(node);
  }
}
