import { spawnSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

let copy: Copy;

beforeEach(() => {
  copy = copyOf("test/support/no-network.ts");
});
afterEach(() => copy.remove());

/** Runs vitest over test files in the copy, and leaves a report. */
function run(...files: readonly string[]): void {
  const args = ["run", "--root", copy.folder, "--config", join(copy.folder, "vitest.config.ts"), ...files];
  const env = { ...process.env, VITEST_JSON_DIR: join(copy.folder, "reports") };
  spawnSync(join(ROOT, "node_modules/.bin/vitest"), args, { cwd: copy.folder, env, encoding: "utf8" });
}

function counts(): string {
  const script = join(ROOT, "scripts/test-counts.ts");
  return spawnSync(process.execPath, [script, join(copy.folder, "reports")], { encoding: "utf8" }).stdout;
}

test("the counts are those of all runs, and a file that cannot be loaded is a failure", () => {
  const of = (...tests: readonly string[]) => `import { expect, test } from "vitest";\n${tests.join("\n")}\n`;
  const passes = (name: string) => `test("${name}", () => {});`;
  const fails = (name: string) => `test("${name}", () => expect(1).toBe(2));`;
  copy.plant("vitest.config.ts", `export { default } from "${join(ROOT, "vitest.config.ts")}";\n`);
  copy.plant("test/unit/mixed.test.ts", of(passes("a"), passes("b"), fails("c"), 'test.skip("d", () => {});'));
  copy.plant("test/unit/broken.test.ts", 'import "./not-there.ts";\n');
  copy.plant("test/laws/fine.test.ts", of(passes("e")));
  run("--project", "unit", "--project", "laws");
  const reports = readdirSync(join(copy.folder, "reports"));
  expect(reports).toEqual([expect.stringMatching(/^\d+\.json$/)]);
  expect(counts()).toBe("3 passed, 2 failed\n");

  // The report of another process.
  cpSync(join(copy.folder, "reports", reports[0] ?? ""), join(copy.folder, "reports", "1.json"));
  expect(counts()).toBe("6 passed, 4 failed\n");
});
