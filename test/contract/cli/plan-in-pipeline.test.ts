import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { PROGRAM } from "../../support/program.ts";
import { ROOT } from "../docs/document.ts";
import { manifestText, runCli } from "./run-cli.ts";

/** Comments of a pull request, as gh lists, adds and changes them: a line for each, `id author file`. */
const FAKE_GH = `#!/usr/bin/env bash
set -euo pipefail
cd "$FAKE_GH"
touch comments
body=""; for word in "$@"; do if [[ $word == body=@* ]]; then body=\${word#body=@}; fi; done
if [[ "$*" == *"--method PATCH"* ]]; then
  id=$(sed -E 's|.*/comments/([0-9]+).*|\\1|' <<<"$*"); cp "$OLDPWD/$body" "$id.md"
elif [[ "$*" == *"--method POST"* ]]; then
  id=$(($(wc -l <comments) + 1)); cp "$OLDPWD/$body" "$id.md"; echo "$id github-actions[bot]" >>comments
else
  while read -r id author; do
    if [[ $author == "github-actions[bot]" ]] && head -1 "$id.md" | grep -q "instance-profile-controller plan"; then echo "$id"; fi
  done <comments
fi
`;

let folder: string;
let aws: AwsSandbox;
beforeAll(async () => {
  aws = await startAwsSandbox();
});
afterAll(() => aws.close());
beforeEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "pipeline-"));
  writeFileSync(join(folder, "gh"), FAKE_GH);
  chmodSync(join(folder, "gh"), 0o755);
});

function plan(manifest: string, more: Readonly<Record<string, string>> = {}): Promise<number> {
  writeFileSync(join(folder, "app.json"), manifest);
  const env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    FAKE_GH: folder,
    PLAN_PROGRAM: `${process.execPath} ${PROGRAM}`,
    PLAN_FILENAMES: "app.json",
    PULL_REQUEST: "7",
    GITHUB_REPOSITORY: "example/app",
    GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
    GITHUB_OUTPUT: join(folder, "output"),
    ...{ AWS_ENDPOINT_URL: aws.url, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    ...more,
  };
  return new Promise((resolve) => {
    execFile("bash", [join(ROOT, "deploy/ci/plan.sh")], { cwd: folder, env }, (error) =>
      resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

const read = (file: string): string => readFileSync(join(folder, file), "utf8");

test("changes pass, and each plan updates the one comment of the pipeline, never that of somebody else", async () => {
  // Anybody can write the marker.
  writeFileSync(join(folder, "comments"), "1 mallory\n");
  writeFileSync(join(folder, "1.md"), "<!-- instance-profile-controller plan -->\nApprove me.\n");
  expect(await plan(manifestText())).toBe(0);
  expect(read("2.md")).toContain("**Grants new access: `s3:Get* on *`");
  expect(read("output")).toBe("exit-code=2\nreport=plan.md\n");
  expect(read("summary.md")).toBe(read("plan.md"));

  const narrower = { statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }] };
  expect(await plan(manifestText(narrower))).toBe(0);
  expect(read("2.md")).toContain("**Grants new access: `s3:GetObject on *`");
  expect(existsSync(join(folder, "3.md"))).toBe(false);
  expect(read("1.md")).toContain("Approve me.");
});

test("new access that the options forbid, and a manifest that is invalid, fail, and the comment says why", async () => {
  expect(await plan(manifestText(), { PLAN_OPTIONS: "--fail-on-new-access\n" })).toBe(4);
  expect(read("1.md")).toContain("Grants new access");
  expect(await plan(manifestText({ roleName: "a b" }))).toBe(1);
  expect(read("1.md")).toMatch(/^<!-- .* -->\n.*spec\.roleName/s);
});

test("a document without a kind is not named as one", async () => {
  const { err } = await runCli(["validate", "-f", "-"], { input: "a: 1\n" });
  expect(err).toMatch(/no InstanceProfile .* found in <stdin>\n$/);
});
