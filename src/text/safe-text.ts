/**
 * Characters that a terminal, a log viewer or an editor interprets or hides: controls (C0, DEL, C1), line and paragraph separators,
 * direction marks and other format characters, invisible characters, and lone surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that a CI system interprets as a command: GitHub's `::name::` at the start of a line and `##[name]` anywhere in it
 * (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs), `##vso[` of Azure DevOps and
 * `##teamcity[` of TeamCity.
 */
const CI_COMMAND = /^(?=\s*::)\s*:|#(?=#(?:vso|teamcity)?\[)/gi;

/** The text with each unprintable character escaped as in JSON: ESC becomes `\u001b`, a line feed `\u000a`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** True when {@link printableLine} does not change the text. */
export function isPrintableLine(text: string): boolean {
  return printableLine(text) === text;
}

/**
 * The text as one line of terminal output: printable, and without commands to the CI system that captures it. In JSON and in a
 * double-quoted YAML string, the escapes mean the original text.
 */
export function printableLine(text: string): string {
  return printable(text).replace(CI_COMMAND, (match) => match.slice(0, -1) + escaped(match.slice(-1)));
}

/** JSON text with the same meaning and only printable characters. JSON itself requires escapes for the C0 controls only. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) => (character === "\n" ? character : escaped(character)));
}

/** Escapes as in JSON: a character outside the basic plane is two escapes. */
function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

const HIDDEN = "[redacted]";

/** A run of characters without spaces, quotes and brackets, which can be a URL. */
const WORD = /[^\s"<>`]+/g;

/** The V8 error of JSON.parse quotes the text: `Unexpected token 'e', ..."token":ey"... is not valid JSON`. */
const EXCERPT_START = /, (?:\.\.\.)?"/;
const EXCERPT_END = " is not valid JSON";

/**
 * The text without the user and password of URLs, and without the excerpt of a document that is not JSON. It may remove more of a URL than
 * needed, up to its last `@`, because passwords are not always percent-encoded.
 */
export function redact(text: string): string {
  return withoutExcerpt(text).replace(WORD, withoutUser);
}

function withoutExcerpt(text: string): string {
  const end = text.lastIndexOf(EXCERPT_END);
  const start = end < 0 ? -1 : text.search(EXCERPT_START);
  return start < 0 || start > end ? text : `${text.slice(0, start)}: the text${text.slice(end)}`;
}

function withoutUser(word: string): string {
  const start = word.indexOf("//");
  const end = word.lastIndexOf("@");
  return start < 0 || end < start ? word : `${word.slice(0, start)}//${HIDDEN}${word.slice(end)}`;
}

/**
 * The text as a message that is safe in a status, an Event, a log or on a terminal: one line without control characters or credentials of
 * URLs, at most `maxChars` long.
 */
export function messageText(text: string, maxChars: number): string {
  const redacted = redact(text);
  const message = printable(redacted.slice(0, maxChars));
  if (redacted.length <= maxChars && message.length <= maxChars) return message;
  return `${message.slice(0, maxChars - 1).toWellFormed()}…`;
}

const encoder = new TextEncoder();

/** The length of the text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The longest prefix of the text with at most `maxBytes` bytes of UTF-8. It does not split a character. */
export function firstBytes(text: string, maxBytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
