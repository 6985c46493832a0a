import { type Environment, Optional } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
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

/** A literal list of values of several types is allowed as the argument of format() alone. */
function admitAnyTypes(environment: Environment, list: CelNode): void {
  if (list.op === "list" && Array.isArray(list.args)) {
    list.args.forEach((element, index) => {
      const wrapper = environment.parse("dyn(0)").ast as unknown as { readonly args: [string, unknown[]] };
      wrapper.args[1][0] = element;
      (list.args as unknown[])[index] = wrapper;
    });
  }
}

function adaptCall(environment: Environment, node: CelNode): void {
  const call = callOf(node);
  const [first] = call?.args ?? [];
  if (call === undefined || first === undefined) {
    return;
  }
  if (call.name === "has" && call.receiver === undefined) {
    (node as MacroNode).setMeta("macro", strictHas(first));
  } else if (call.name === "matches" && call.receiver !== undefined) {
    (node.args as unknown[])[0] = RE2_MATCHES;
  } else if (call.name === "format" && call.receiver !== undefined) {
    admitAnyTypes(environment, first);
  }
}

/** The library's own additions, which the API server does not know. */
const foreignNames: ReadonlySet<string> = new Set(["cel"]);
const foreignMethods: ReadonlySet<string> = new Set(["at", "base64", "hex", "json"]);

/** A complaint about a node that the library would not make. */
export interface Objection {
  readonly node: CelNode;
  readonly message: string;
}

function undeclared(node: CelNode, name: string): Objection {
  return { node, message: `undeclared reference to '${name}' (in container '')` };
}

function isRegex(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

function objectionTo(node: CelNode): Objection | undefined {
  if (node.op === "id" && foreignNames.has(String(node.args))) {
    return undeclared(node, String(node.args));
  }
  const call = callOf(node);
  if (call?.receiver !== undefined && foreignMethods.has(call.name)) {
    return undeclared(node, call.name);
  }
  const [pattern] = call?.args.slice(-1) ?? [];
  const literal = pattern?.op === "value" && typeof pattern.args === "string" ? pattern.args : undefined;
  return call?.name === "matches" && pattern !== undefined && literal !== undefined && !isRegex(literal)
    ? { node: pattern, message: "invalid matches argument" }
    : undefined;
}

/** Mends the tree in place; the answer is the first thing in it that the API server does not know. */
export function adaptExpression(environment: Environment, root: CelNode): Objection | undefined {
  let objection: Objection | undefined;
  const nodes: CelNode[] = [];
  walkNodes(root, (node) => {
    objection ??= objectionTo(node);
    nodes.push(node);
  });
  for (const node of nodes) {
    adaptCall(environment, node);
  }
  return objection;
}
