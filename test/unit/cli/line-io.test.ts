import { describe, expect, test } from "vitest";
import { COLOR_OPTION, colored, hasColor, lineIo } from "../../../src/cli/line-io.ts";
import { readOptions } from "../../../src/cli/options.ts";
import { aProcess } from "../../support/a-process.ts";

test("a line is one line, whatever it holds", () => {
  const { io, out, err } = aProcess();
  lineIo(io).out(["a\nb", "::error::c", ""]);
  lineIo(io).err("cannot reach https://me:pw@host\u001b[2J");
  expect(out.join("")).toBe("a\\u000ab\n\\u003a:error::c\n\n");
  expect(err.join("")).toBe("cannot reach https://[redacted]@host\\u001b[2J\n");
});

test("a color is added after what the line holds is escaped, and only where colors are wanted", () => {
  const { io, out, err } = aProcess();
  const line = { text: "\u001b[32m- role\u001b[0m\u009b1m", kind: "removed" } as const;
  lineIo(io).out([line, "\u001b[1mplain"], true);
  lineIo(io).out(line);
  lineIo(io).err(line);
  const escaped = "\\u001b[32m- role\\u001b[0m\\u009b1m";
  expect(out).toEqual([`\u001b[31m${escaped}\u001b[39m\n\\u001b[1mplain\n`, `${escaped}\n`]);
  expect(err).toEqual([`${escaped}\n`]);
});

type Env = Readonly<Record<string, string>>;

function isColored(args: readonly string[], out: boolean, env: Env = {}): boolean {
  return hasColor(readOptions(args, COLOR_OPTION), { env, terminal: { out, err: !out } });
}

describe("text has colors", () => {
  test.each<[string, boolean, boolean, Env]>([
    ["on a terminal", true, true, { TERM: "xterm-256color" }],
    ["not in a pipe or a file, whatever standard error is", false, false, {}],
    ["not with NO_COLOR", false, true, { NO_COLOR: "1" }],
    ["with a NO_COLOR that is empty", true, true, { NO_COLOR: "" }],
    ["not on a terminal without escape sequences", false, true, { TERM: "dumb" }],
  ])("%s", (_, expected, isTerminal, env) => {
    expect(isColored([], isTerminal, env)).toBe(expected);
    expect(isColored(["--color", "auto"], isTerminal, env)).toBe(expected);
    expect(isColored(["--color", "always"], isTerminal, env)).toBe(true);
    expect(isColored(["--color", "never"], isTerminal, env)).toBe(false);
  });

  test("and another word than auto, always and never is an error", () => {
    expect(() => isColored(["--color", "yes"], true)).toThrow('--color: "yes" must be one of auto, always, never');
  });

  test("and a colored line ends with the terminal's own color", () => {
    expect(colored("+ role app", "added")).toBe("\u001b[32m+ role app\u001b[39m");
    expect(colored("Grants new access", "new-access")).toBe("\u001b[31m\u001b[1mGrants new access\u001b[22m\u001b[39m");
  });
});
