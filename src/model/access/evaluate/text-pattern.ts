import type { RequestContext } from "../access-request.ts";

/** A part of a pattern: plain text, a wildcard, or a policy variable. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** `*`; `inField` when it matches no colon. */
  | { readonly kind: "many"; readonly inField?: boolean }
  /** `?`; `inField` when it matches no colon. */
  | { readonly kind: "one"; readonly inField?: boolean }
  | { readonly kind: "variable"; readonly key: string; readonly fallback: string | undefined };

/** How the text of a policy is read. */
export interface TextReading {
  /** Only a document with `"Version": "2012-10-17"` has variables; in others `${…}` is plain text. */
  readonly hasVariables: boolean;
  /** `*` and `?` are plain text: StringEquals. */
  readonly isLiteral?: boolean;
}

/**
 * The parts of a text of a policy. `${*}`, `${?}` and `${$}` are the character itself.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function partsOf(text: string, { hasVariables, isLiteral = false }: TextReading): readonly Part[] {
  const parts: Part[] = [];
  let plain = "";
  const end = (): void => {
    if (plain !== "") parts.push({ kind: "text", text: plain });
    plain = "";
  };
  for (const token of tokensOf(text, hasVariables)) {
    const part = partOf(token, isLiteral);
    if (typeof part === "string") {
      plain += part;
      continue;
    }
    end();
    parts.push(part);
  }
  end();
  return parts;
}

function partOf(token: string, isLiteral: boolean): Part | string {
  if (isVariable(token)) {
    const inner = token.slice(2, -1);
    return /^[*?$]$/.test(inner) ? inner : variableOf(inner);
  }
  if (isLiteral) return token;
  return token === "*" ? { kind: "many" } : token === "?" ? { kind: "one" } : token;
}

/** `${key}` or `${key, 'default'}`, where the default may hold braces, or one character. */
const TOKENS = /\$\{(?:[^{}']|'[^']*')*\}|./gsu;

/** The variables of a text, each as one token, and its other characters. */
export function tokensOf(text: string, hasVariables: boolean): readonly string[] {
  return hasVariables && text.includes("${") ? (text.match(TOKENS) ?? []) : Array.from(text);
}

/** True for a token that is a variable. */
export function isVariable(token: string): boolean {
  return token.length > 2 && token.startsWith("${");
}

/** The key of a variable, and its default in quotation marks. */
function variableOf(inner: string): Part {
  const comma = inner.indexOf(",");
  const key = (comma < 0 ? inner : inner.slice(0, comma)).trim().toLowerCase();
  const quoted = comma < 0 ? "" : inner.slice(comma + 1).trim();
  const hasDefault = quoted.length > 1 && quoted.startsWith("'") && quoted.endsWith("'");
  return { kind: "variable", key, fallback: hasDefault ? quoted.slice(1, -1) : undefined };
}

/**
 * The parts with the values of their variables, which are plain text whatever they contain. Undefined when a variable has neither a
 * value nor a default; a key with several values cannot be a variable.
 */
function resolvedParts(parts: readonly Part[], context: RequestContext): readonly Part[] | undefined {
  const resolved: Part[] = [];
  for (const part of parts) {
    if (part.kind !== "variable") {
      resolved.push(part);
      continue;
    }
    const values = context.get(part.key) ?? [];
    const text = values.length === 1 ? values[0] : part.fallback;
    if (text === undefined) return undefined;
    resolved.push({ kind: "text", text });
  }
  return resolved;
}

/** What a text of a policy means for a text of a request. */
export interface TextPattern {
  /** False when one of its variables has no value; then it matches nothing. */
  isResolvable(context: RequestContext): boolean;
  matches(text: string, context: RequestContext): boolean;
}

/** Says whether a text matches. */
type TextTest = (text: string) => boolean;

/**
 * A pattern of a policy: `*` matches any text, `?` one character, and a variable its value, without wildcards. `fold` makes texts
 * equal that differ in case.
 */
export function compileText(
  pattern: string,
  reading: TextReading & { readonly fold?: (text: string) => string },
): TextPattern {
  const { fold } = reading;
  const test = (parts: readonly Part[]): TextTest => globTest(fold === undefined ? parts : parts.map(folded(fold)));
  const bound = compileParts(partsOf(pattern, reading), test);
  return fold === undefined ? bound : { ...bound, matches: (text, context) => bound.matches(fold(text), context) };
}

const folded =
  (fold: (text: string) => string) =>
  (part: Part): Part =>
    part.kind === "text" ? { kind: "text", text: fold(part.text) } : part;

/** A pattern that is compiled once when it has no variable, and else whenever the value of one of them is another than before. */
export function compileParts(parts: readonly Part[], compile: (parts: readonly Part[]) => TextTest): TextPattern {
  if (parts.every(({ kind }) => kind !== "variable")) {
    const test = compile(parts);
    return { isResolvable: () => true, matches: test };
  }
  let last: { readonly parts: readonly Part[]; readonly test: TextTest } | undefined;
  return {
    isResolvable: (context) => resolvedParts(parts, context) !== undefined,
    matches: (text, context) => {
      const resolved = resolvedParts(parts, context);
      if (resolved === undefined) return false;
      if (last === undefined || !isSame(last.parts, resolved)) last = { parts: resolved, test: compile(resolved) };
      return last.test(text);
    },
  };
}

/** True for parts of one pattern with the same values. */
function isSame(some: readonly Part[], others: readonly Part[]): boolean {
  return some.every((part, index) => {
    const other = others[index];
    return part === other || (part.kind === "text" && other?.kind === "text" && part.text === other.text);
  });
}

/** Whether a whole text matches parts without variables. */
export function globTest(parts: readonly Part[]): TextTest {
  const [first, second] = parts;
  if (first === undefined) return (text) => text === "";
  if (second === undefined && first.kind === "many" && !first.inField) return () => true;
  if (parts.every(({ kind }) => kind === "text")) {
    const literal = parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
    return (text) => text === literal;
  }
  const glob = parts.flatMap(tokensOfPart);
  const hasFields = glob.includes(MANY_IN_FIELD) || glob.includes(ONE_IN_FIELD);
  return hasFields ? (text) => matchesFields(glob, text) : (text) => matchesGlob(glob, text);
}

const MANY = -1;
const ONE = -2;
const MANY_IN_FIELD = -3;
const ONE_IN_FIELD = -4;
const COLON = ":".charCodeAt(0);

/** A wildcard, or the code points of a text. */
function tokensOfPart(part: Part): number | readonly number[] {
  if (part.kind === "many") return part.inField ? MANY_IN_FIELD : MANY;
  if (part.kind === "one") return part.inField ? ONE_IN_FIELD : ONE;
  return part.kind === "text" ? Array.from(part.text, (character) => character.codePointAt(0) ?? 0) : [];
}

/**
 * Matches without recursion, and tries again from the last `*` only: an earlier one need never match more, because the last one can match
 * whatever the earlier one leaves. At most length of the glob times length of the text.
 */
function matchesGlob(glob: readonly number[], text: string): boolean {
  let [at, token, afterMany, retryAt] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = glob[token];
    const given = text.codePointAt(at) ?? 0;
    if (wanted === MANY) {
      token += 1;
      [afterMany, retryAt] = [token, at];
    } else if (wanted === ONE || wanted === given) {
      at += widthOf(given);
      token += 1;
    } else if (afterMany >= 0) {
      retryAt += widthOf(text.codePointAt(retryAt) ?? 0);
      [token, at] = [afterMany, retryAt];
    } else {
      return false;
    }
  }
  while (glob[token] === MANY) token += 1;
  return token === glob.length;
}

function widthOf(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}

/** Matches wildcards of both kinds: follows all places of the glob that the text so far can have reached. The same bound. */
function matchesFields(glob: readonly number[], text: string): boolean {
  let [reached, next] = [new Uint8Array(glob.length + 1), new Uint8Array(glob.length + 1)];
  reach(glob, reached, 0);
  for (const character of text) {
    const given = character.codePointAt(0) ?? 0;
    next.fill(0);
    for (let place = 0; place < glob.length; place += 1) {
      if (reached[place] === 1) step(glob, next, place, given);
    }
    [reached, next] = [next, reached];
  }
  return reached[glob.length] === 1;
}

/** Marks a place, and those behind it that are reached when its wildcards match nothing. */
function reach(glob: readonly number[], places: Uint8Array, from: number): void {
  let place = from;
  while (places[place] === 0) {
    places[place] = 1;
    if (glob[place] !== MANY && glob[place] !== MANY_IN_FIELD) return;
    place += 1;
  }
}

/** Marks where one character leads to from a place. */
function step(glob: readonly number[], places: Uint8Array, place: number, given: number): void {
  const wanted = glob[place];
  if (wanted === MANY || (wanted === MANY_IN_FIELD && given !== COLON)) reach(glob, places, place);
  const isOne = wanted === given || wanted === ONE || (wanted === ONE_IN_FIELD && given !== COLON);
  if (isOne) reach(glob, places, place + 1);
}
