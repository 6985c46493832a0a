import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSandboxBucket, runSandboxInstance } from "../../../src/cli/sandbox/sandbox-aws.ts";
import { runCommand } from "../../support/kubectl.ts";
import { ROOT, sectionOf } from "./document.ts";
import { Newcomer } from "./newcomer.ts";
import { commandsOf } from "./shell.ts";

const STORY = sectionOf("docs/getting-started/sandbox.md", "The story: s3-read-only")
  .fences.filter(({ language }) => language === "console")
  .flatMap(commandsOf);

/** The blocks of the page's program, by language. */
const PROGRAMS = sectionOf("docs/getting-started/sandbox.md", "The story: s3-read-only").fences.filter(
  ({ language }) => language !== "console" && language !== "yaml",
);

describe("the story of the sandbox", () => {
  const newcomer = new Newcomer();
  afterAll(() => newcomer.leave());

  // A program is started on the way; on a busy machine that takes its time.
  test.each(STORY)("goes as it is told: $line", { timeout: 60_000 }, async ({ line, output }) => {
    const printed = await newcomer.type(line);
    expect(comparable(printed.split("\n"), output)).toEqual(comparable(output, output));
  });

  test("is told to its end", () => {
    expect(STORY.at(0)?.line).toBe("npm start");
    expect(STORY.map(({ line }) => line).filter((line) => line.includes(" delete"))).toHaveLength(2);
  });
});

test("the README shows the beginning of that story, and no line that it does not have", () => {
  const [shown = []] = sectionOf("README.md", "The story: s3-read-only")
    .fences.filter(({ language }) => language === "console")
    .flatMap(commandsOf)
    .map(({ line, output }) => [line, ...output]);
  const [first] = STORY;
  expect(first?.output).toEqual(expect.arrayContaining(shown.slice(1)));
  expect(shown.length).toBeGreaterThan(5);
  expect(shown[0]).toBe(first?.line);
});

describe("with the sample in the sandbox", () => {
  const newcomer = new Newcomer();
  let instance: string;
  beforeAll(async () => {
    await newcomer.type("npm start -- --apply crds/samples/s3-read-only.yaml");
    const url = newcomer.environment["AWS_ENDPOINT_URL"] ?? "";
    await makeSandboxBucket(url, "reports");
    const id = await runSandboxInstance(url, { "IamInstanceProfile.Name": "s3-read-only" });
    instance = await (await fetch(`${url}/instance/${id}/environment`)).text();
  });
  afterAll(() => newcomer.leave());

  test.for([
    { language: "js", command: `"${process.execPath}" --input-type=module` },
    { language: "python", command: "python3" },
    { language: "sh", command: "sh" },
  ])("the program of the page lists the buckets in $language", async ({ language, command }, { skip }) => {
    const [program] = PROGRAMS.filter((fence) => fence.language === language);
    const run = await runCommand("sh", ["-c", `${instance}\nexec ${command}`], { input: `${program?.text}\n` });
    // npm alone is needed: without Python, its SDK or the AWS CLI, the test is named as skipped.
    const [missing] = /.*(?:not found|No module named).*/.exec(language === "js" ? "" : run.stderr) ?? [];
    if (missing !== undefined) skip(missing);
    expect(run).toEqual({ code: 0, stdout: "reports\n", stderr: "" });
  });

  test("the plan for a pull request is what plan writes, and says by its exit status that there are changes", async () => {
    const { fences } = sectionOf("docs/how-to/plan.md", "`plan` in a pull request");
    const shown = fences.find(({ language }) => language === "markdown")?.text ?? "";
    const sample = readFileSync(join(ROOT, "crds/samples/s3-read-only.yaml"), "utf8");
    const edited = sample.replace('"s3:List*"', '"s3:List*", "s3:PutObject"');
    const run = await newcomer.run(["plan", "-f", "-", "--output", "markdown"], edited);
    expect(run).toEqual({ status: 2, out: `${shown}\n`, err: "" });
  });
});

/**
 * Lines without what differs from run to run (ages, ids of instances), from place to place (white space at the end, between columns) or is left
 * out by the document (`...`): of what was printed, the lines that the document shows, in their order.
 */
function comparable(lines: readonly string[], shown: readonly string[]): readonly string[] {
  const wanted = new Set(shown.map(withoutChance));
  const all = lines.map(withoutChance).filter((line) => line !== "...");
  const kept = shown.includes("...") ? all.filter((line) => wanted.has(line)) : all;
  return kept.join("\n").trim().split("\n");
}

function withoutChance(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/(?<=\S)(?: {2,}|\t)/g, "  ")
    .replaceAll(/\b(i|lt)-[0-9a-f]{17}\b/g, "$1-0")
    .replaceAll(/\bASIA[A-Z0-9]{16}\b/g, "ASIA")
    .replace(/\d+ requests, none refused$/, "requests, none refused")
    .replace(/repaired (?:within a second|after \d+ ms)$/, "repaired")
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "now")
    .replace(/ {2}\d+s$/, "")
    .replace(/ {2}\d+s {2}/, "  0s  ");
}
