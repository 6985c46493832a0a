import { EVENT_ID, type Event, parseEvents, SCALAR_STYLE, type ScalarStyle, YAMLException } from "js-yaml";
import { CST, Lexer } from "yaml";

/** The API server rejects such objects earlier; the readers here are recursive. */
export const MAX_DEPTH = 500;

export const TOO_DEEP: string = `it is nested more than ${MAX_DEPTH} levels deep`;

const DEFICIENT_INDENTATION = "deficient indentation";

/**
 * Meanings of the parser's reasons. Only these texts are shown: a reason can quote the document, and a file that is not a
 * manifest can be a secret.
 */
const MEANINGS: readonly (readonly [reason: RegExp, meaning: string])[] = [
  [/^nesting exceeded maxDepth/, TOO_DEEP],
  [/^(?:deficient|bad) indentation|^bad explicit indentation/, "the indentation is wrong"],
  [/^tab characters/, "a tab is used for indentation"],
  [/within a (?:single|double) quoted scalar$/, "a character is missing, such as a closing quote"],
  [/within a flow collection$/, "a character is missing, such as a closing bracket"],
  [/^missed comma/, "a character is missing, such as a comma or a closing bracket"],
  [/^unknown escape sequence|^expected hexadecimal/, "a double-quoted string has an escape sequence that is not valid"],
  [/non-printable characters$|valid JSON character$|null byte/, "it has a control character; escape it"],
  [/^end of the stream or a document separator/, "there is an unexpected character"],
  [/^expected the node content/, "a value is missing"],
  [/alias node/, "an alias is not valid"],
  [/anchor/, "an anchor is not valid"],
  [/tag /, "a tag is not valid"],
  [/directive/i, "a directive is not valid"],
];

/**
 * Parses YAML text into events: a flat list that takes a tenth of the time and memory of a tree of nodes. Events refer to the
 * text by offsets.
 *
 * Errors: YamlFaultError for invalid YAML.
 */
export function yamlEvents(text: string): Event[] {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const meaning = MEANINGS.find(([reason]) => reason.test(error.reason))?.[1] ?? "this is not valid YAML";
    throw new YamlFaultError(meaning, error.mark?.position ?? 0);
  }
}

function parse(text: string): Event[] {
  try {
    return parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== DEFICIENT_INDENTATION) throw error;
    return parseEvents(withoutBreaksInFlow(text), { maxDepth: MAX_DEPTH });
  }
}

/**
 * Replaces line breaks and comments between brackets with spaces, which keeps every offset. YAML requires the content of
 * brackets to be indented deeper than the key, but kubectl accepts a closing bracket below the key, which is common.
 */
function withoutBreaksInFlow(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  for (const { token, isScalar } of tokensOf(text)) {
    depth += isScalar ? 0 : (DEPTHS.get(token) ?? 0);
    const isBlank = !isScalar && depth > 0 && /^[\r\n#]/.test(token);
    parts.push(isBlank ? " ".repeat(token.length) : token);
  }
  return parts.join("");
}

const DEPTHS: ReadonlyMap<string, number> = new Map([
  ["{", 1],
  ["[", 1],
  ["}", -1],
  ["]", -1],
]);

/** Markers that the lexer emits besides the text: document start, early end of brackets, scalar next. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

function* tokensOf(text: string): Generator<{ readonly token: string; readonly isScalar: boolean }> {
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (isScalar || !MARKS.has(token)) yield { token, isScalar };
    isScalar = !isScalar && token === CST.SCALAR;
  }
}

/** Returns the offset of an event's value; -1 for an omitted value. */
export function offsetOf(event: Event | undefined): number {
  switch (event?.type) {
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    case EVENT_ID.SCALAR:
      // Include the opening quote.
      return QUOTED.has(event.style) ? event.valueStart - 1 : event.valueStart;
    default:
      return -1;
  }
}

const QUOTED: ReadonlySet<ScalarStyle> = new Set([SCALAR_STYLE.SINGLE_QUOTED, SCALAR_STYLE.DOUBLE_QUOTED]);

/** An error for invalid YAML, or for YAML that has no JSON form. Its message quotes nothing of the document. */
export class YamlFaultError extends Error {
  /** Offset of the error in the text. */
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "YamlFaultError";
    this.offset = offset;
  }
}
