import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { SLOW_FILES } from "../support/slow-files.ts";
import { ROOT } from "./copy-of-sources.ts";

const files = globSync("test/*/**/*.test.ts", { cwd: ROOT });

test("every file that npm test leaves out is there, and no unit test or law is among them", () => {
  expect(SLOW_FILES.filter((file) => !files.includes(file))).toEqual([]);
  expect(SLOW_FILES.filter((file) => /^test\/(?:unit|laws)\//.test(file))).toEqual([]);
});

test("npm test leaves out every file that starts the bundle, which it does not build", () => {
  const starts = files.filter((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return !file.startsWith("test/e2e") && /support\/(?:program|sandbox-process|replica-process)\.ts"/.test(text);
  });
  expect(starts).toContain("test/tooling/image.test.ts");
  expect(starts.filter((file) => !SLOW_FILES.includes(file))).toEqual([]);
});

test("what a push must pass runs every file", () => {
  expect(manifest.scripts.check).toMatch(/ && npm run test:all$/);
  expect(manifest.scripts["test:all"]).not.toContain("TESTS");
});
