/**
 * Characters that a terminal, a log viewer or an editor obeys or hides instead of showing them: controls (C0, DEL, C1), line
 * and paragraph separators, direction marks and other format characters, invisible ones, and halves of a character.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that a CI system reads as a command to itself: GitHub's `::name::` at the start of a line and `##[name]` anywhere in it
 * (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs), `##vso[` of Azure DevOps and
 * `##teamcity[` of TeamCity.
 */
const CI_COMMAND = /^(?=\s*::)\s*:|#(?=#(?:vso|teamcity)?\[)/gi;

/** The text with each unprintable character escaped as in JSON: ESC becomes `\u001b`, a line feed `\u000a`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** True when {@link printableLine} leaves the text as it is. */
export function isPrintableLine(text: string): boolean {
  return printableLine(text) === text;
}

/**
 * The text as one line of terminal output: printable, and no command to the CI system that captures it. What the escapes mean
 * in JSON and in a double-quoted YAML string is the text as it was.
 */
export function printableLine(text: string): string {
  return printable(text).replace(CI_COMMAND, (match) => match.slice(0, -1) + escaped(match.slice(-1)));
}

/** JSON text, printable without a change of what it means: its own escapes cover the C0 controls alone. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) => (character === "\n" ? character : escaped(character)));
}

/** A character outside the basic plane is two escapes, as in JSON. */
function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
