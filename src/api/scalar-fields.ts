import { applyRules, type Fault, type Field, messagesOf, quote, type Rule, wrongType } from "./field.ts";

/** Bounds of a string; lengths are in Unicode characters. */
export interface StringBounds {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Must have the same meaning with JavaScript's `u` flag and in RE2. */
  readonly pattern?: string;
  readonly format?: "date-time";
}

/**
 * A string that must match a pattern. `hint` says what to write instead. The API server shows the pattern alone, and a rule of CEL for each
 * item of long lists costs more than a CRD may, so the pattern ends with the hint: an alternative that matches no text.
 */
export function patternText(bounds: StringBounds & { readonly pattern: string }, hint: string): Field<string> {
  const { pattern, ...others } = bounds;
  const expression = new RegExp(pattern, "u");
  const { schema, read } = text(others, {
    message: hint,
    isParserOnly: true,
    holds: (value) => expression.test(value),
  });
  return { schema: { ...schema, pattern: `${pattern}${NEVER}${hint}` }, read };
}

/** A character after the end: no text matches what begins so. */
const NEVER = "|$.";

const MISMATCH = " in body should match '";

/** What is wrong with a text, in the words of its hint, if the message of the API server shows a pattern with one. */
export function hintIn(message: string): string {
  // Without a regular expression, which would take the square of the length of a long value.
  const [match, never] = [message.lastIndexOf(MISMATCH), message.lastIndexOf(NEVER)];
  if (match < 0 || never < match || !message.endsWith("'")) return message;
  const place = message.lastIndexOf(" ", match - 1) + 1;
  return message.slice(0, place) + message.slice(never + NEVER.length, -1);
}

/** A string. The messages of its rules say what to write instead. */
export function text(bounds: StringBounds = {}, ...rules: readonly Rule<string>[]): Field<string> {
  const pattern = bounds.pattern === undefined ? undefined : new RegExp(bounds.pattern, "u");
  return {
    schema: { type: "string", ...bounds, ...messagesOf(rules) },
    read(value, path, faults) {
      if (typeof value !== "string") {
        faults.push(wrongType(value, path, "string"));
        return undefined;
      }
      checkLength(value, bounds, path, faults);
      if (pattern !== undefined && !pattern.test(value)) {
        const problem = `Invalid value: ${quote(value)}: ${path} in body should match '${bounds.pattern}'`;
        faults.push({ path, problem });
      }
      applyRules(rules, value, { path, shown: quote(value) }, faults);
      return value;
    },
  };
}

/** One of several strings. */
export function choice<const T extends string>(...words: readonly T[]): Field<T> {
  const supported = words.map((word) => `"${word}"`).join(", ");
  return {
    schema: { type: "string", enum: words },
    read(value, path, faults) {
      if (typeof value !== "string") {
        faults.push(wrongType(value, path, "string"));
        return undefined;
      }
      const word = words.find((known) => known === value);
      if (word === undefined) {
        faults.push({ path, problem: `Unsupported value: ${quote(value)}: supported values: ${supported}` });
      }
      return word;
    },
  };
}

/** Bounds of an integer. */
export interface IntegerBounds {
  readonly format: "int32" | "int64";
  readonly minimum?: number;
  readonly maximum?: number;
}

/** An integer. */
export function integer(bounds: IntegerBounds): Field<number> {
  return {
    schema: { type: "integer", ...bounds },
    read(value, path, faults) {
      if (typeof value !== "number" || !Number.isInteger(value)) {
        faults.push(wrongType(value, path, "integer"));
        return undefined;
      }
      const at = `Invalid value: ${value}: ${path} in body should be`;
      if (bounds.minimum !== undefined && value < bounds.minimum) {
        faults.push({ path, problem: `${at} greater than or equal to ${bounds.minimum}` });
      }
      if (bounds.maximum !== undefined && value > bounds.maximum) {
        faults.push({ path, problem: `${at} less than or equal to ${bounds.maximum}` });
      }
      return value;
    },
  };
}

/** True or false. */
export function flag(): Field<boolean> {
  return {
    schema: { type: "boolean" },
    read(value, path, faults) {
      if (typeof value === "boolean") return value;
      faults.push(wrongType(value, path, "boolean"));
      return undefined;
    },
  };
}

function checkLength(value: string, { minLength = 0, maxLength }: StringBounds, path: string, faults: Fault[]): void {
  const length = characterCount(value);
  if (length < minLength) {
    const problem = `Invalid value: ${quote(value)}: ${path} in body should be at least ${minLength} chars long`;
    faults.push({ path, problem });
  }
  if (maxLength !== undefined && length > maxLength) {
    faults.push({ path, problem: `Too long: may not be more than ${maxLength} characters` });
  }
}

/** The number of Unicode characters, as the API server counts them; a UTF-16 surrogate pair is one. */
export function characterCount(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}
