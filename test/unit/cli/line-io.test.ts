import { describe, expect, test } from "vitest";
import type { ProcessIo } from "../../../src/cli/io.ts";
import { COLOR_OPTION, colored, hasColor, lineIo } from "../../../src/cli/line-io.ts";
import { readOptions } from "../../../src/cli/options.ts";
import { showBug } from "../../../src/cli/process-io.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { linesOf } from "../../support/lines-of.ts";

function aProcess(): { readonly io: ProcessIo; readonly out: string[]; readonly err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  const io: ProcessIo = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    readInput: async () => "",
    readLines: () => linesOf(""),
    env: {},
    clock: new FakeClock(),
    terminal: { out: false, err: false },
    stop: new AbortController().signal,
  };
  return { io, out, err };
}

test("a line is one line, whatever it holds", () => {
  const { io, out, err } = aProcess();
  lineIo(io).out(["a\nb", "::error::c", ""]);
  lineIo(io).err("cannot reach https://me:pw@host\u001b[2J");
  expect(out.join("")).toBe("a\\u000ab\n\\u003a:error::c\n\n");
  expect(err.join("")).toBe("cannot reach https://[redacted]@host\\u001b[2J\n");
});

test("a bug is shown with its stack and without what its message would do to a terminal", () => {
  const { io, err } = aProcess();
  showBug(new RangeError("a\n::error::b\u001b[2J https://me:pw@host"), io);
  const lines = err.join("").split("\n");
  expect(lines[0]).toBe("exiting because of a bug: RangeError: a\\u000a::error::b\\u001b[2J https://[redacted]@host");
  expect(lines.slice(1, -1).every((line) => line.startsWith("    at "))).toBe(true);
  expect(lines.length).toBeGreaterThan(3);
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
