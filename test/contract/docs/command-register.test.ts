import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS, idleRules } from "./command-register.ts";
import { ROOT } from "./document.ts";

test("each command of a page is run by a test, or stands with its reason among those that none runs", () => {
  const unknown = COMMANDS.filter(({ treatment }) => treatment === undefined).map(
    ({ page, line }) => `${page}: ${line}`,
  );
  expect(unknown, "add a rule to test/contract/docs/command-register.ts").toEqual([]);
  expect(COMMANDS.length).toBeGreaterThan(80);
});

test("what is said to run a command is there, and has what is said of it", () => {
  const missing = COMMANDS.flatMap(({ treatment }) => (treatment?.kind === "test" ? treatment.evidence : [])).filter(
    ([file, text]) => !readFileSync(join(ROOT, file), "utf8").includes(text),
  );
  expect(missing).toEqual([]);
});

test("no rule is left over from a command that has gone", () => {
  expect(idleRules()).toEqual([]);
});
