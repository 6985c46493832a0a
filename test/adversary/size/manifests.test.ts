import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { manifestText, runCli } from "../../contract/cli/run-cli.ts";
import { LARGE_SPECS, times } from "../../support/large-objects.ts";
import { costOf } from "../../support/longest-block.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { PROGRAM } from "../../support/program.ts";

/**
 * Of processor time. It is less than 250 on an idle machine, and half as much again on a busy one. A parser that builds a tree of 1 MB takes 2
 * seconds.
 */
const MAX_BLOCK_MS = 400;

/** Of JavaScript's heap, for the program and what it reads: a tree of 1 MB does not fit. With less, collecting garbage takes most of the time. */
const HEAP_MIB = 144;

const specOf = (name: string) => LARGE_SPECS.find((shape) => shape.name === name)?.spec ?? {};
const GRID = s3ReadOnly(
  { namespace: "default", name: "large" },
  specOf("100 statements of 300 actions on 200 resources"),
);
const CONDITIONS = s3ReadOnly(
  { namespace: "default", name: "large" },
  specOf("as many condition keys as there may be"),
);
const SMALL = manifestText();
const block = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
const withField = (field: string): string => `${block(JSON.parse(SMALL))}${field}\n`;
const MANY = times(2_000, (i) => block(JSON.parse(manifestText({ roleName: `app-${i}` }, { name: `app-${i}` }))));
const LIST = {
  apiVersion: "v1",
  kind: "List",
  items: times(200, (i) => {
    const actions = times(40, (n) => `s3:Get${n}*`);
    const statements = times(8, () => ({ effect: "Allow", actions, resources: ["arn:aws:s3:::bucket"] }));
    return JSON.parse(manifestText({ roleName: `app-${i}`, statements }, { name: `app-${i}` }));
  }),
};
const TOO_LARGE = /spec\.statements: .*IAM/;

/** Each with what `validate` says of it at the end, at the latest. */
const ATTEMPTS: readonly (readonly [name: string, text: string, answer: RegExp])[] = [
  ["one object in block style", block(GRID), TOO_LARGE],
  ["one object of as many keys as there may be", block(CONDITIONS), TOO_LARGE],
  ["one object as JSON", JSON.stringify(GRID), TOO_LARGE],
  ["one object as indented JSON", JSON.stringify(CONDITIONS, null, 1), TOO_LARGE],
  [
    "one object between brackets that close below the key",
    `${block({ ...GRID, spec: {} }).replace("spec: {}\n", "")}spec: ${JSON.stringify(GRID["spec"], null, 1)}\n`,
    TOO_LARGE,
  ],
  ["2,000 documents", MANY.join("---\n"), /2000 checked, 0 invalid\n$/],
  ["a List of 200", block(LIST), /200 checked, /],
  [
    "a literal text",
    withField(`  description: |\n${"    so it goes on and on\n".repeat(45_000)}`),
    /spec\.description: Too long/,
  ],
  [
    "a folded text",
    withField(`  description: >\n${"    so it goes on and on\n".repeat(45_000)}`),
    /spec\.description: Too long/,
  ],
  [
    "a quoted text over many lines",
    withField(`  description: "${"\\u0041 a\n    ".repeat(90_000)}"`),
    /spec\.description: Too long/,
  ],
  ["a text of one line", withField(`  description: ${"x".repeat(1_000_000)}`), /spec\.description: Too long/],
  ["comments", withField("# a comment\n".repeat(80_000)), /1 checked, 0 invalid\n$/],
  ["empty lines", withField("\n".repeat(1_000_000)), /1 checked, 0 invalid\n$/],
  ["empty documents", `${SMALL}\n${"---\n".repeat(200_000)}`, /1 checked, 0 invalid\n$/],
  ["lists within lists", withField(`  a: ${"[".repeat(500_000)}`), /it is nested more than 500 levels deep/],
  ["dashes in one line", `${"- ".repeat(500_000)}x`, /it is nested more than 500 levels deep/],
  ["maps within maps", times(1_400, (i) => `${" ".repeat(i)}a:\n`).join(""), /it is nested more than 500 levels deep/],
  [
    "an open quote",
    withField(`  description: "${"x\n    ".repeat(150_000)}`),
    /the indentation is wrong|a character is missing/,
  ],
  ["an open bracket", withField(`  a: [${"x, ".repeat(60_000)}`), /a character is missing/],
  ["a key that stands twice, far down", `${block(GRID)}kind: InstanceProfile\n`, /a map has the same key twice/],
  [
    "an alias of much, often",
    withField(`  a: &a [${"x,".repeat(1_000)}]\n  b: [${"*a,".repeat(300_000)}]`),
    /aliases make the document too large/,
  ],
  [
    "a list of nothing but numbers",
    withField(`  a: [${"1,".repeat(700_000)}]`),
    /Split it into smaller documents|unknown field "spec.a"/,
  ],
];

let folder: string;
let aws: AwsSandbox;
let before: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "large-manifests-"));
  aws = await startAwsSandbox();
  before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "planner",
    AWS_SECRET_ACCESS_KEY: "planner",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  // The first run of a command loads it and compiles the CRD.
  for (const command of ["validate", "plan"]) await runCli([command, "-f", "-"], { input: SMALL });
});
afterAll(async () => {
  process.env = before;
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe.each(ATTEMPTS)("%s of about 1 MB", (_, input, answer) => {
  test("gets its answer from validate, and blocks nothing meanwhile", async () => {
    const { blockMs } = await costOf(async () => {
      const { out, err } = await runCli(["validate", "-f", "-"], { input });
      expect(out + err).toMatch(answer);
    });
    expect(blockMs).toBeLessThan(MAX_BLOCK_MS);
  });
});

test.each(ATTEMPTS.filter(([name]) => name.startsWith("one object")))(
  "plan of %s blocks nothing, either",
  async (_, input) => {
    const { blockMs } = await costOf(async () => {
      const { status, out } = await runCli(["plan", "-f", "-"], { input });
      expect([status, out]).toEqual([3, expect.stringContaining("PolicyTooLarge")]);
    });
    expect(blockMs).toBeLessThan(MAX_BLOCK_MS);
  },
);

const NEEDY = ["one object of as many keys as there may be", "2,000 documents", "a List of 200"];

test("validate of three files of 1 MB, one after the other, needs little memory", async () => {
  const files = ATTEMPTS.filter(([name]) => NEEDY.includes(name)).map(([name, input]) => {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, input);
    return ["-f", file];
  });
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, PROGRAM, "validate", ...files.flat()]);
  const exited = once(child, "exit");
  const said = (await Promise.all([textOf(child.stdout), textOf(child.stderr)])).join("");
  await exited;
  expect(said.slice(-100_000)).toMatch(/2201 checked, /);
}, 120_000);
