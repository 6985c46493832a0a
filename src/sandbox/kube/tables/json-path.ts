import type { Json } from "../../../crd/contract.ts";
import { isObject } from "../../../crd/json.ts";

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | {
      readonly kind: "filter";
      readonly path: readonly Step[];
      readonly operator: string;
      readonly literal: Json | undefined;
    };

const fieldPattern = /^\.((?:\\.|[^.[\\])+)/;
const bracketPattern = /^\.?\[(?:(-?\d+)|(\*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\?\((.+?)\))\]/;
const filterPattern = /^@((?:\.[\w-]+|\[[^\]]*\])*)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?$/;

/** A compiled path: the values that it finds in an object, in order. */
export type JsonPath = (value: Json) => readonly Json[];

/**
 * The subset of kubectl's JSONPath that `additionalPrinterColumns` and `selectableFields` may use:
 * `.a.b`, `.a\.b`, `['a.b']`, `[0]`, `[-1]`, `[*]`, `[?(@.type=="Ready")]`.
 * Raises an Error that names the part it does not understand.
 */
export function compileJsonPath(path: string): JsonPath {
  const steps = parse(path);
  return (value) => walk([value], steps);
}

function parse(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.startsWith("[") ? path : path.replace(/^\.?/, ".");
  while (rest !== "" && rest !== ".") {
    const [step, length] = takeStep(rest, path);
    steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

function takeStep(rest: string, path: string): readonly [step: Step, length: number] {
  const field = fieldPattern.exec(rest);
  if (field !== null) return [fieldStep(field[1] ?? ""), field[0].length];
  const bracket = bracketPattern.exec(rest);
  if (bracket !== null) return [bracketStep(bracket, path), bracket[0].length];
  throw new Error(`JSONPath ${JSON.stringify(path)} is not understood from ${JSON.stringify(rest)} on`);
}

function fieldStep(text: string): Step {
  return text === "*" ? { kind: "all" } : { kind: "field", name: text.replace(/\\(.)/g, "$1") };
}

function bracketStep(match: RegExpExecArray, path: string): Step {
  const [, index, all, single, double, filter] = match;
  if (index !== undefined) return { kind: "index", index: Number(index) };
  if (all !== undefined) return { kind: "all" };
  const name = single ?? double;
  if (name !== undefined) return { kind: "field", name: name.replace(/\\(.)/g, "$1") };
  return filterStep(filter ?? "", path);
}

function filterStep(text: string, path: string): Step {
  const match = filterPattern.exec(text.trim());
  if (match === null) throw new Error(`JSONPath ${JSON.stringify(path)} has a filter that is not understood: ${text}`);
  const [, inner = "", operator = "exists", literal] = match;
  return {
    kind: "filter",
    path: parse(inner),
    operator,
    literal: literal === undefined ? undefined : literalOf(literal),
  };
}

function literalOf(text: string): Json {
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? "";
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function walk(values: readonly Json[], steps: readonly Step[]): readonly Json[] {
  return steps.reduce((found, step) => found.flatMap((value) => next(value, step)), values);
}

function next(value: Json, step: Step): readonly Json[] {
  switch (step.kind) {
    case "field":
      return isObject(value) && Object.hasOwn(value, step.name) ? present(value[step.name]) : [];
    case "index":
      return Array.isArray(value) ? present(value.at(step.index)) : [];
    case "all":
      return children(value);
    case "filter":
      return children(value).filter((child) => passes(walk([child], step.path), step.operator, step.literal));
  }
}

function present(value: Json | undefined): readonly Json[] {
  return value === undefined ? [] : [value];
}

function children(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function passes(found: readonly Json[], operator: string, literal: Json | undefined): boolean {
  const [value] = found;
  if (operator === "exists" || value === undefined || literal === undefined) {
    return operator === "exists" && value !== undefined;
  }
  return compare(value, literal, operator);
}

function compare(value: Json, literal: Json, operator: string): boolean {
  if (operator === "==") return value === literal;
  if (operator === "!=") return value !== literal;
  if (value === null || literal === null || typeof value !== typeof literal) return false;
  if (operator === "<") return value < literal;
  if (operator === "<=") return value <= literal;
  return operator === ">" ? value > literal : value >= literal;
}
