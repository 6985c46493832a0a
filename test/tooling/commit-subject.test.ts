import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { problemsOf, subjectOf } from "../../scripts/commit-subject.ts";
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

describe("a commit subject passes when it is", () => {
  test.each([
    ["an imperative sentence", "Read the role again before a late write"],
    ["72 characters long", `Add ${"x".repeat(68)}`],
    ["about a verb that ends like a past one", "Seed the embedded IAM"],
    ["about a verb on ss or es", "Address the reviewers' notes"],
    ["git's own", 'Revert "added a thing that was wrong for a long while, and then some more of it"'],
    ["one that git will fold into another", "fixup! added"],
  ])("%s", (_, subject) => expect(problemsOf(subject)).toEqual([]));
});

describe("a commit subject is refused when it", () => {
  test.each([
    ["is empty", "", /empty/],
    ["has 73 characters", `Add ${"x".repeat(69)}`, /has 73 characters, the most is 72/],
    ["begins with a small letter", "add a hook", /capital letter/],
    ["has a type before it", "feat: add a hook", /capital letter/],
    ["ends with a full stop", "Add a hook.", /full stop/],
    ["tells the past", "Added a hook", /"Added" is not imperative/],
    ["tells what is going on", "Adding a hook", /"Adding" is not imperative/],
    ["tells what the commit does", "Adds a hook", /"Adds" is not imperative/],
    ["tells what the commit does, on es", "Fixes a hook", /"Fixes" is not imperative/],
  ])("%s", (_, subject, problem) => expect(problemsOf(subject)).toEqual([expect.stringMatching(problem)]));
});

test("the subject is the first line that git keeps", () => {
  expect(subjectOf("# a comment\n\n  Add a hook \n\nwhy\n")).toBe("Add a hook");
  expect(subjectOf("# ------------------------ >8 ------------------------\ndiff --git a b\n")).toBe("");
});

describe("the script", () => {
  let copy: Copy;

  beforeEach(() => {
    copy = copyOf();
  });
  afterEach(() => copy.remove());

  function run(command: string, ...args: readonly string[]) {
    // A hook's environment names the repository that it runs in.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
    return spawnSync(command, args, { cwd: copy.folder, encoding: "utf8", env });
  }

  const script = (...args: readonly string[]) =>
    run(process.execPath, join(ROOT, "scripts/commit-subject.ts"), ...args);

  function commit(subject: string): void {
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null"];
    expect(run("git", ...author, "commit", "--quiet", "--allow-empty", "--message", subject)).toMatchObject({
      status: 0,
    });
  }

  test("judges every commit of a range, and those alone", () => {
    run("git", "init", "--quiet");
    for (const subject of ["added before", "Add a hook", "adds another"]) commit(subject);
    const { status, stderr } = script("HEAD~2..HEAD");
    expect(status).toBe(1);
    expect(stderr).toContain('commit subject "adds another"');
    expect(stderr).not.toContain("before");
    expect(script("HEAD~2..HEAD~1")).toMatchObject({ status: 0, stderr: "" });
  });

  test("judges the message that a hook is given", () => {
    writeFileSync(join(copy.folder, "message"), "Added a hook\n");
    expect(script("--message", join(copy.folder, "message")).status).toBe(1);
    writeFileSync(join(copy.folder, "message"), "Add a hook\n");
    expect(script("--message", join(copy.folder, "message"))).toMatchObject({ status: 0, stderr: "" });
  });

  test("is no success where it finds nothing to judge", () => {
    run("git", "init", "--quiet");
    expect(script("main").stderr).toContain("pass --message FILE or BASE..HEAD");
    expect(script("nowhere..HEAD").stderr).toContain("git log nowhere..HEAD");
  });
});
