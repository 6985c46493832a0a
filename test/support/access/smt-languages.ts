import { instantOf, numberOf } from "./plain-conditions.ts";
import type { Reading } from "./plain-patterns.ts";

/** What the patterns and values of policies match, as SMT-LIB: regular languages of strings and constraints on reals. */

const range = (first: string, last: string): string => `(re.range "${first}" "${last}")`;
const [FIRST, LAST] = ["\\u{0}", "\\u{2ffff}"];
const NO_COLON = `(re.union ${range(FIRST, "9")} ${range(";", LAST)})`;
const LOWER_NO_COLON = `(re.union ${range(FIRST, "9")} ${range(";", "@")} ${range("[", LAST)})`;
const TEXT = { any: "re.all", one: "re.allchar" };
const FIELD = { any: `(re.* ${NO_COLON})`, one: NO_COLON };

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const word = (text: string): string => `(str.to_re ${quoted(text)})`;
const concat = (parts: readonly string[]): string => `(re.++ ${word("")} ${word("")} ${parts.join(" ")})`;

function glob(pattern: string, { any, one }: typeof TEXT = TEXT): string {
  const parts = pattern.split(/([*?])/).filter((part) => part !== "");
  return concat(parts.map((part) => (part === "*" ? any : part === "?" ? one : word(part))));
}

function field(text: string, reading: Reading): string {
  if (reading === "every wildcard") return glob(text);
  const [, head = "", end = ""] = /^(.*?)([*?]*)$/.exec(text) ?? [];
  if (reading === "no wildcard" || !end.includes("*")) return glob(text, FIELD);
  return concat([glob(head, FIELD), glob(end.replaceAll("*", ""), FIELD), TEXT.any]);
}

/** Actions are compared in lower case. */
export const actionLanguage = (pattern: string): string => glob(pattern.toLowerCase());
/** Every action: a service and a name. */
export const ACTIONS = `(re.++ (re.+ ${LOWER_NO_COLON}) ${word(":")} (re.+ ${LOWER_NO_COLON}))`;

export function arnLanguage(pattern: string, reading: Reading): string {
  if (!pattern.startsWith("arn:")) return glob(pattern);
  const fields = pattern.split(":");
  const six = [...fields.slice(0, 5), ...(fields.length > 5 ? [fields.slice(5).join(":")] : [])];
  while (six.length < 6) six.push("*");
  const sources = six.map((text, index) => (index === 5 ? glob(text) : field(text, reading)));
  return concat(sources.flatMap((source, index) => (index === 0 ? [source] : [word(":"), source])));
}

/** Every resource: an ARN, or `*`. */
export const RESOURCES = `(re.union ${word("*")} ${arnLanguage("arn:*", "no wildcard")})`;
/** Every value of a key of this type. */
export const VALUES = { String: TEXT.any, Arn: arnLanguage("arn:*", "no wildcard") };

function anyCase(text: string): string {
  return concat([...text].map((letter) => `(re.union ${word(letter.toLowerCase())} ${word(letter.toUpperCase())})`));
}

/** What a value under an operator of strings or ARNs matches. */
export function valueLanguage(operator: string, value: string): string {
  if (operator.startsWith("arn")) return arnLanguage(value, "no wildcard");
  if (operator === "stringlike") return glob(value);
  return operator === "stringequalsignorecase" ? anyCase(value) : word(value);
}

const SIGNS: Readonly<Record<string, string>> = {
  equals: "=",
  lessthan: "<",
  lessthanequals: "<=",
  greaterthan: ">",
  greaterthanequals: ">=",
};

/** What a value under an operator of numbers or dates demands of the real `x`. */
export function valueBound(operator: string, value: string): string {
  const number = operator.startsWith("date") ? instantOf(value) : numberOf(value);
  const text = number < 0 ? `(- ${-number})` : String(number);
  return `(${SIGNS[operator.replace(/^(numeric|date)/, "")]} x ${text})`;
}
