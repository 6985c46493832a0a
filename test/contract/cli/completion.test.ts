import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";

const has = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

describe("the completion script", () => {
  test.skipIf(!has("bash"))("of bash completes commands, options and nothing else", async () => {
    const { out: script } = await runCli(["completion", "bash"]);
    const completed = (...words: readonly string[]): readonly string[] => {
      const typed = words.map((word) => `'${word}'`).join(" ");
      const program = `${script}\nCOMP_WORDS=(instance-profile-controller ${typed}); COMP_CWORD=${words.length}\n_instance_profile_controller; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", program], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout.split("\n").filter((line) => line !== "");
    };
    expect(completed("")).toEqual(expect.arrayContaining(["run", "plan", "validate", "completion"]));
    expect(completed("va")).toEqual(["validate"]);
    expect(completed("run", "--leader-elect-n")).toEqual(["--leader-elect-namespace", "--leader-elect-name"]);
    expect(completed("plan", "--since")).toEqual(["--since-live"]);
    expect(completed("access", "")).toEqual(["can", "diff"]);
    expect(completed("access", "ca")).toEqual(["can"]);
    expect(completed("access", "can", "--off")).toEqual(["--offline"]);
    expect(completed("access", "nope", "--off")).toEqual([]);
    // File names are left to the shell.
    expect(completed("plan", "-f", "ma")).toEqual([]);
  });

  test.each(["zsh", "fish"])("of %s names every option of a command", async (shell) => {
    const { status, out } = await runCli(["completion", shell]);
    expect(status).toBe(0);
    for (const option of ["since-live", "cluster-classes", "leader-elect-namespace", "context"]) {
      expect(out).toContain(shell === "fish" ? `-l ${option}` : `--${option}[`);
    }
    if (has(shell)) expect(spawnSync(shell, ["-n"], { input: out, encoding: "utf8" }).stderr).toBe("");
  });

  test("of another shell does not exist, and the message names those that do", async () => {
    for (const args of [[], ["tcsh"], ["bash", "zsh"], ["constructor"]]) {
      expect(await runCli(["completion", ...args])).toMatchObject({
        status: 1,
        err: expect.stringContaining("name one shell: bash, zsh, fish"),
      });
    }
  });
});
