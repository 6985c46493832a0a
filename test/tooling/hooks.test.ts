import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

test("no installation of the packages installs hooks", () => {
  expect(manifest.allowScripts.lefthook).toBe(false);
  const lifecycle = ["preinstall", "install", "postinstall", "prepare"];
  expect(Object.keys(manifest.scripts).filter((name) => lifecycle.includes(name))).toEqual([]);
  expect(readFileSync(join(ROOT, ".ci/run"), "utf8")).not.toMatch(/lefthook|run hooks/);
});

describe("with the hooks installed, git commit", () => {
  let copy: Copy;

  beforeAll(() => {
    copy = copyOf("lefthook.yml", "biome.json", "package.json", "tsconfig.json", "scripts", ".gitignore");
    run("git", "init", "--quiet");
    copy.plant(".gitignore", "node_modules\n");
    expect(run(join(ROOT, "node_modules/.bin/lefthook"), "install")).toMatchObject({ status: 0 });
  });
  afterAll(() => copy.remove());

  function run(
    command: string,
    ...args: readonly string[]
  ): { readonly status: number | null; readonly output: string } {
    // Where git runs these tests, its variables name another repository. The hooks find lefthook in node_modules.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:GIT_|LEFTHOOK)/.test(name));
    const author = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.com" };
    const committer = { GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.com", GIT_CONFIG_NOSYSTEM: "1" };
    const env = { ...Object.fromEntries(inherited), ...author, ...committer };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy.folder, encoding: "utf8", env });
    return { status, output: stdout + stderr };
  }

  function commit(subject: string, files: Readonly<Record<string, string>>) {
    for (const [file, text] of Object.entries(files)) copy.plant(file, text);
    run("git", "reset", "--quiet");
    run("git", "add", ...Object.keys(files));
    return run("git", "commit", "--message", subject);
  }

  test("takes what is linted, under a subject in order", () => {
    const { status, output } = commit("Add one", {
      "src/one.ts": "export const one: number = 1;\n",
      "README.md": "#\n",
    });
    expect([status, output]).toEqual([0, expect.stringContaining("Add one")]);
  });

  test("refuses what the linter refuses, and source files that are too long, by the file", () => {
    const long = "// three\n".repeat(301);
    const files = { "src/two.ts": "export const two: any = 2;\n", "src/three.ts": long, "src/model/three.ts": long };
    const { status, output } = commit("Add two", files);
    expect(status).toBe(1);
    expect(output).toMatch(/two\.ts.*noExplicitAny/s);
    expect(output).toContain("src/three.ts has 301 lines");
    expect(output).toContain("src/model/three.ts has 301 lines");
  });

  test("refuses a subject that tells the past", () => {
    const { status, output } = commit("Added four", { "docs/four.md": "four\n" });
    expect([status, output]).toEqual([1, expect.stringContaining('"Added" is not imperative')]);
  });
});
