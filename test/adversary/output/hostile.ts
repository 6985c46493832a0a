import { expect } from "vitest";

/** Text that would do something if it reached a terminal, a CI log or a code host as it is; FORGED starts a line of its own in each. */
export const HOSTILE: Readonly<Record<string, string>> = {
  "a result line after a line feed": "x\n1 checked, 0 invalid\nFORGED",
  "a workflow command after a line feed": "x\n::stop-commands::t0k\nFORGED",
  "a line that a carriage return overwrites": "x\rFORGED",
  "a screen that is cleared, and a title": "x\u001b[2J\u001b]0;title\u0007",
  "the C1 form of an escape sequence": "x\u009b2J\u009d0;title\u009c",
  "backspaces and DEL": "x\b\b\u007f",
  "line separators of Unicode": "x\u0085FORGED\u2028FORGED\u2029FORGED",
  "text that reads from right to left": "x\u202egpj.exe\u2066abc\u2069",
  "invisible characters": "a\u200bb\u2060c\ufeffd\u00ade\u{e0041}f",
  "half a character": "a\ud800b",
  "commands of other CI systems": "##[error]x ##vso[task.setvariable variable=a]b ##teamcity[x]",
};

/** A payload that has all of them. */
export const EVERYTHING: string = Object.values(HOSTILE).join(" ");

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Fails unless the text is lines of characters that are shown, none of which a payload wrote. */
export function expectSafe(text: string): void {
  for (const line of text.split("\n")) {
    expect(line).not.toMatch(UNSAFE);
    expect(line).not.toMatch(/^\s*::/);
    expect(line).not.toMatch(/^\s*FORGED/);
    expect(line).not.toMatch(/##(?:vso|teamcity)?\[/i);
  }
}
