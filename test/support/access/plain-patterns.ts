import type { RequestContext } from "../../../src/model/access/access-request.ts";

/** Which wildcards of the first five fields of an ARN match a colon: AWS leaves it open, so each request is decided three times. */
export const READINGS = ["every wildcard", "a * at the end of a field", "no wildcard"] as const;
export type Reading = (typeof READINGS)[number];

export interface GlobOptions {
  /** Undefined where `${…}` is plain text. */
  readonly variables: RequestContext | undefined;
  readonly ignoreCase?: boolean;
  /** `*` and `?` are plain text. */
  readonly isLiteral?: boolean;
}

const VARIABLE = /\$\{(?:[^{}']|'[^']*')*\}/su;
const TOKENS = new RegExp(`${VARIABLE.source}|.`, "gsu");

export function hasVariable(text: string): boolean {
  return VARIABLE.test(text);
}

/** The keys of the variables in a text, in lower case, and what each is replaced with when the request lacks it. */
export function variablesIn(text: string): readonly { readonly key: string; readonly fallback: string | undefined }[] {
  return (text.match(new RegExp(VARIABLE.source, "gsu")) ?? []).flatMap((token) => {
    const { key, fallback } = partsOf(token);
    return /^[*?$]$/.test(key) ? [] : [{ key, fallback }];
  });
}

function partsOf(token: string): { readonly key: string; readonly fallback: string | undefined } {
  const [, key = "", fallback] = /^\$\{\s*([^,]*?)\s*(?:,\s*'(.*)'\s*)?\}$/su.exec(token) ?? [];
  return { key: key.toLowerCase(), fallback };
}

/** The text of a variable; undefined when the request has no value, or several, and the pattern no default. */
function textFor(token: string, variables: RequestContext): string | undefined {
  const { key, fallback } = partsOf(token);
  if (/^[*?$]$/.test(key)) return key;
  const values = variables.get(key) ?? [];
  return values.length === 1 ? values[0] : fallback;
}

/** The characters and variables of a pattern. */
function tokensOf(pattern: string, { variables }: GlobOptions): readonly string[] {
  return variables === undefined ? Array.from(pattern) : (pattern.match(TOKENS) ?? []);
}

/** Whether every variable of a pattern has a text. */
export function isResolvable(pattern: string, variables: RequestContext | undefined): boolean {
  if (variables === undefined) return true;
  return tokensOf(pattern, { variables }).every((token) => token.length < 3 || textFor(token, variables) !== undefined);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** The source of a regular expression; undefined when a variable has no text. */
function sourceOf(tokens: readonly string[], options: GlobOptions, any = ".*", one = "."): string | undefined {
  const parts = tokens.map((token) => {
    if (token === "*" && options.isLiteral !== true) return any;
    if (token === "?" && options.isLiteral !== true) return one;
    if (token.length < 3 || options.variables === undefined) return escaped(token);
    const value = textFor(token, options.variables);
    return value === undefined ? undefined : escaped(value);
  });
  return parts.includes(undefined) ? undefined : parts.join("");
}

/** Whether a text is what a pattern says. */
export type Matcher = (text: string) => boolean;

const NOTHING: Matcher = () => false;
const matchers = new Map<string, Matcher>();

/** The matcher of this key, made once: the same patterns are asked about all the time. */
function remembered(
  key: string,
  { ignoreCase = false, isLiteral = false }: GlobOptions,
  source: () => string | undefined,
): Matcher {
  const fullKey = `${ignoreCase} ${isLiteral} ${key}`;
  const known = matchers.get(fullKey);
  if (known !== undefined) return known;
  if (matchers.size > 50_000) matchers.clear();
  const text = source();
  const regex = text === undefined ? undefined : new RegExp(`^(?:${text})$`, ignoreCase ? "is" : "s");
  const made = regex === undefined ? NOTHING : (given: string) => regex.test(given);
  matchers.set(fullKey, made);
  return made;
}

const keysByPattern = new Map<string, readonly string[]>();

/** The values that a request has for the variables of a pattern. */
function valuesText(pattern: string, variables: RequestContext | undefined): string {
  if (variables === undefined) return "plain";
  let keys = keysByPattern.get(pattern);
  if (keys === undefined) {
    keys = variablesIn(pattern).map(({ key }) => key);
    keysByPattern.set(pattern, keys);
  }
  return keys.length === 0 ? "" : JSON.stringify(keys.map((key) => variables.get(key) ?? null));
}

export function globMatcher(pattern: string, options: GlobOptions): Matcher {
  const key = `text ${valuesText(pattern, options.variables)} ${pattern}`;
  return remembered(key, options, () => sourceOf(tokensOf(pattern, options), options));
}

/** Matches a resource or an ARN. Fields that an ARN pattern leaves out are `*`. */
export function arnMatcher(pattern: string, options: GlobOptions, reading: Reading): Matcher {
  if (!pattern.startsWith("arn:")) return globMatcher(pattern, options);
  const key = `${reading} ${valuesText(pattern, options.variables)} ${pattern}`;
  return remembered(key, options, () => arnSource(pattern, options, reading));
}

function arnSource(pattern: string, options: GlobOptions, reading: Reading): string | undefined {
  const fields: string[][] = [[]];
  for (const token of tokensOf(pattern, options)) {
    if (token === ":" && fields.length < 6) fields.push([]);
    else fields.at(-1)?.push(token);
  }
  while (fields.length < 6) fields.push(["*"]);
  const sources = fields.map((field, index) => fieldSource(field, options, index === 5 ? "every wildcard" : reading));
  return sources.includes(undefined) ? undefined : sources.join(":");
}

function fieldSource(field: readonly string[], options: GlobOptions, reading: Reading): string | undefined {
  if (reading === "every wildcard") return sourceOf(field, options);
  let end = field.length;
  while (end > 0 && /^[*?]$/.test(field[end - 1] ?? "")) end -= 1;
  const last = field.slice(end);
  const crosses = reading === "a * at the end of a field" && last.includes("*");
  const head = sourceOf(field.slice(0, end), options, "[^:]*", "[^:]");
  const tail = crosses
    ? `${"[^:]".repeat(last.filter((token) => token === "?").length)}.*`
    : sourceOf(last, options, "[^:]*", "[^:]");
  return head === undefined || tail === undefined ? undefined : head + tail;
}

/** Matches an action: only `*` and `?` are special, and case does not count. */
export function actionMatcher(pattern: string): Matcher {
  return globMatcher(pattern, { variables: undefined, ignoreCase: true });
}
