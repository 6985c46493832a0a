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
