import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./document.ts";

const PAGE = readFileSync(join(ROOT, "docs/reference/logs.md"), "utf8");
const EXAMPLE = /```json\n(.*)\n```/.exec(PAGE)?.[1] ?? "";

const hasJq = ((): boolean => {
  try {
    return execFileSync("jq", ["--version"]).length > 0;
  } catch {
    return false;
  }
})();

test("the page about logs names messages that the controller logs", () => {
  const sources = globSync("src/**/*.ts", { cwd: ROOT, exclude: ["src/sandbox/**"] })
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join("\n");
  const rows = [...PAGE.matchAll(/^\| (`.+) \|.*\|$/gm)].map(([, cell = ""]) => cell.split(" | ")[0] ?? "");
  const messages = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message));
  const said = messages.filter((message) => message !== "msg");
  expect(said.length).toBeGreaterThan(5);
  expect(said.filter((message) => !sources.includes(`"${message}"`))).toEqual([]);
});

test.skipIf(!hasJq)("the query of the page about logs lists the writes of its example", () => {
  const filter = /jq -r '([^']+)'/.exec(PAGE)?.[1] ?? "";
  const other = JSON.stringify({ ...JSON.parse(EXAMPLE), msg: "Reconciler error" });
  expect(execFileSync("jq", ["-r", filter], { input: `${EXAMPLE}\n${other}\n`, encoding: "utf8" })).toBe(
    "2026-11-30T06:36:46.828Z\tdefault/s3-read-only\t+ role s3-read-only; + inline policy s3-read-only of role s3-read-only; " +
      "+ instance profile s3-read-only; + role s3-read-only in instance profile s3-read-only\n",
  );
});
