import type { JsonObject } from "../../../crd/contract.ts";
import { metaOf, objectAt } from "../json.ts";
import { badRequest } from "../status-error.ts";

/** Decides whether an object is wanted. */
export type ObjectFilter = (object: JsonObject) => boolean;

type LabelFilter = (value: string | undefined) => boolean;

const keyPattern = /^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const setPattern = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const comparisonPattern = /^([^\s=!<>]+)\s*(==|=|!=|<|>)\s*([^\s=!<>]*)$/;
const existencePattern = /^(!?)\s*([^\s=!<>()]+)$/;

/**
 * Compiles a `labelSelector` parameter: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, joined by commas.
 * Raises a 400 StatusError for what it cannot read.
 */
export function parseLabelSelector(text: string): ObjectFilter {
  const requirements = splitOutsideParentheses(text).map((part) => requirement(part, text));
  return (object) => {
    const labels = objectAt(metaOf(object), "labels");
    return requirements.every(({ key, accepts }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return accepts(typeof value === "string" ? value : undefined);
    });
  };
}

function splitOutsideParentheses(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

function requirement(part: string, whole: string): { readonly key: string; readonly accepts: LabelFilter } {
  const set = setPattern.exec(part);
  if (set !== null) {
    const values = (set[3] ?? "").split(",").map((value) => value.trim());
    return checked(set[1] ?? "", values, whole, membership(set[2] ?? "", new Set(values)));
  }
  const comparison = comparisonPattern.exec(part);
  if (comparison !== null) {
    const value = comparison[3] ?? "";
    return checked(comparison[1] ?? "", [value], whole, comparing(comparison[2] ?? "", value));
  }
  const existence = existencePattern.exec(part);
  if (existence === null) throw unreadable(whole, `found '${part}'`);
  const wanted = existence[1] === "";
  return checked(existence[2] ?? "", [], whole, (value) => (value !== undefined) === wanted);
}

function membership(operator: string, values: ReadonlySet<string>): LabelFilter {
  if (operator === "in") return (value) => value !== undefined && values.has(value);
  return (value) => value === undefined || !values.has(value);
}

function comparing(operator: string, wanted: string): LabelFilter {
  if (operator === "=" || operator === "==") return (value) => value === wanted;
  if (operator === "!=") return (value) => value !== wanted;
  if (operator === "<") return (value) => value !== undefined && Number.parseInt(value, 10) < Number(wanted);
  return (value) => value !== undefined && Number.parseInt(value, 10) > Number(wanted);
}

function checked(key: string, values: readonly string[], whole: string, accepts: LabelFilter) {
  if (!keyPattern.test(key)) throw unreadable(whole, `key: Invalid value: ${JSON.stringify(key)}`);
  const bad = values.find((value) => !valuePattern.test(value));
  if (bad !== undefined) throw unreadable(whole, `values[0][${key}]: Invalid value: ${JSON.stringify(bad)}`);
  return { key, accepts };
}

function unreadable(selector: string, why: string): Error {
  return badRequest(`unable to parse requirement: ${why} in the label selector ${JSON.stringify(selector)}`);
}
