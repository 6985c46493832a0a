import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

let copy: Copy;

beforeEach(() => {
  copy = copyOf();
});
afterEach(() => copy.remove());

function check(): { readonly status: number | null; readonly stderr: string } {
  const script = join(ROOT, "scripts/file-length.ts");
  return spawnSync(process.execPath, [script, join(copy.folder, "src")], { encoding: "utf8" });
}

test("a file of 300 lines passes, one of 301 is named", () => {
  copy.plant("src/model/long.ts", "//\n".repeat(300));
  expect(check()).toMatchObject({ status: 0, stderr: "" });

  copy.plant("src/model/longer.ts", "//\n".repeat(301));
  const { status, stderr } = check();
  expect(status).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/model\/longer\.ts has 301 lines/)]);
});

test("a folder without sources is no success", () => {
  copy.plant("src/README.md", "nothing to check\n");
  expect(check().status).not.toBe(0);
});
