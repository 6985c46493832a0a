import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifestText, runCli } from "./run-cli.ts";

/** Line 3 is a comment, line 12 a wildcard, line 18 a field that is none. */
const MANIFEST = `apiVersion: iam.instanceprofile.dev/v1beta1
kind: InstanceProfile
# who and where
metadata:
  name: app
  namespace: team-a
spec:
  roleName: app
  statements:
    - effect: Allow
      actions:
        - iam:*
      resources: ["*"]
---
apiVersion: iam.instanceprofile.dev/v1beta1
kind: InstanceProfile
metadata: {name: other}
spec: {roleName: other, extra: 1,
  statements: [{effect: Allow, actions: ["s3:Get*"], resources: ["*"], conditions: {
    bool: {"aws:SecureTransport": ["true"]}}}]}
`;
const validate = (input: string, ...options: string[]) => runCli(["validate", "-f", "-", ...options], { input });
const linesOf = (out: string): readonly string[] =>
  [...out.matchAll(/^ {2}<stdin>:(\d+:\d+): (\w+): ([\w.[\]]+)/gm)].map((match) => match.slice(1).join(" "));

describe("validate says where in the file a fault stands", () => {
  test("by line and column of the field, in every document", async () => {
    const { out } = await validate(MANIFEST);
    expect(linesOf(out)).toEqual(["12:11 warning spec.statements[0].actions[0]", "18:25 error spec.extra"]);
  });

  test("and of the nearest thing around a field that is missing", async () => {
    const { out } = await validate(
      'apiVersion: iam.instanceprofile.dev/v1beta1\nkind: InstanceProfile\nmetadata: {name: a}\nspec:\n  instances: {ids: [i-0123456789abcdef0]}\n  managedPolicyArns: ["arn:aws:iam::aws:policy/A"]\n',
    );
    expect(linesOf(out)).toContain("5:3 error spec.instances.region");
  });

  test("within Lists and JSON, and under keys with dots in them", async () => {
    const item = JSON.parse(manifestText({ tags: { "a.b": "ö\n" } }));
    const input = JSON.stringify(
      { apiVersion: "v1", kind: "List", items: [JSON.parse(manifestText()), item] },
      null,
      1,
    );
    const line = input.split("\n").findIndex((text) => text.includes('"a.b"')) + 1;
    expect(linesOf((await validate(input)).out)).toEqual([`${line}:6 error spec.tags[a.b]`]);
  });
});

describe("validate's exit status", () => {
  const warned = manifestText({ statements: [{ effect: "Allow", actions: ["*"], resources: ["*"] }] });

  test("is 0 with warnings, 1 with --strict", async () => {
    expect(await validate(warned)).toMatchObject({ status: 0, out: expect.stringContaining("1 warning\n") });
    expect(await validate(warned, "--strict")).toMatchObject({ status: 1 });
  });

  const newer = manifestText({
    statements: [{ effect: "Allow", actions: ["s3:FoldObject", "foldings:Get*"], resources: ["arn:aws:s3:::a/*"] }],
    managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonFoldingsReadOnly"],
  });
  const KNOWN = ["s3:foldobject", "foldings:*", "arn:aws:iam::aws:policy/AmazonFoldingsReadOnly"];

  test("is 0 with --strict when the user names what is newer than the lists of this version", async () => {
    const known = KNOWN.flatMap((name) => ["--known", name]);
    expect(await validate(newer, "--strict", ...known)).toMatchObject({ status: 0 });
  });

  test.each(KNOWN)("is 1 with --strict when the user does not name %s", async (left) => {
    const known = KNOWN.filter((name) => name !== left).flatMap((name) => ["--known", name]);
    expect(await validate(newer, "--strict", ...known)).toMatchObject({
      status: 1,
      out: expect.stringContaining("1 warning\n"),
    });
  });

  test("is 1 for a policy of AWS that certainly does not exist, also when the user names it", async () => {
    const wrong = "arn:aws:iam::aws:policy/service-role/AmazonS3ReadOnlyAccess";
    const { status, out } = await validate(manifestText({ managedPolicyArns: [wrong] }), "--known", wrong);
    expect(status).toBe(1);
    expect(out).toContain("write arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
  });

  test.each(["ec2", "*", "ec2:", "arn:aws:iam::123456789012:policy/own", "arn:aws:s3:::bucket"])(
    "is that of a usage error when --known names %s, which is no action and no policy of AWS",
    async (name) => {
      const { status, err } = await validate(newer, "--known", name);
      expect(status).toBe(1);
      expect(err).toContain(`--known: "${name}" must be an action`);
    },
  );

  test("is 1 for a manifest without a boundary where one is required", async () => {
    const bounded = manifestText({ permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary" });
    expect(await validate(bounded, "--require-boundary")).toMatchObject({ status: 0 });
    const { status, out } = await validate(manifestText(), "--require-boundary");
    expect(status).toBe(1);
    expect(out).toContain("error: spec.permissionsBoundaryArn: every role must have a permissions boundary");
  });
});

describe("validate's findings as data", () => {
  test("in SARIF name the rule, the file as it was given, and the place", async () => {
    const { status, out } = await validate(MANIFEST, "-o", "sarif");
    const { version, runs } = JSON.parse(out);
    const [{ tool, results }] = runs;
    expect([status, version, runs.length]).toEqual([1, "2.1.0", 1]);
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(["privilege-escalation", "unknown-field"]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
    expect(results[1]).toMatchObject({
      level: "error",
      message: { text: 'spec.extra: unknown field "spec.extra"' },
      locations: [
        { physicalLocation: { artifactLocation: { uri: "stdin" }, region: { startLine: 18, startColumn: 25 } } },
      ],
    });
  });

  test("in SARIF without findings are an empty list, which closes what was open", async () => {
    const { status, out } = await validate(manifestText(), "-o", "sarif");
    expect([status, JSON.parse(out).runs[0].results]).toEqual([0, []]);
  });

  test("in JSON hold each manifest with its verdict", async () => {
    const { manifests, summary } = JSON.parse((await validate(MANIFEST, "-o", "json")).out);
    expect(summary).toEqual({ checked: 2, invalid: 1 });
    expect(manifests.map(({ object, valid }: { object: string; valid: boolean }) => [object, valid])).toEqual([
      ["team-a/app", true],
      ["default/other", false],
    ]);
  });

  test("in an unknown format are a usage error", async () => {
    expect((await validate(MANIFEST, "-o", "xml")).err).toContain('"xml" must be one of text, json, sarif');
  });
});

describe("a pattern", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pattern-"));
    for (const team of ["a", "b"]) {
      mkdirSync(join(folder, team, "deep"), { recursive: true });
      writeFileSync(join(folder, team, "profile.yaml"), manifestText({ roleName: `${team}-1` }, { name: `${team}-1` }));
      writeFileSync(
        join(folder, team, "deep", "profile.yml"),
        manifestText({ roleName: `${team}-2` }, { name: `${team}-2` }),
      );
      writeFileSync(join(folder, team, "notes.md"), "# notes");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const names = async (pattern: string): Promise<readonly string[]> =>
    [...(await runCli(["validate", "-f", join(folder, pattern)])).out.matchAll(/team-a\/([\w-]+): ok/g)].map(
      ([, name]) => name ?? "",
    );

  test("means the manifests that it matches, in name order", async () => {
    expect(await names("*/profile.yaml")).toEqual(["a-1", "b-1"]);
    expect(await names("**/profile*")).toEqual(["a-2", "a-1", "b-2", "b-1"]);
    expect(await names("a/*")).toEqual(["a-1"]);
  });

  test("that matches no manifest is an error: a misspelt one shall not pass", async () => {
    for (const pattern of ["*/nope*", "a/*.md"]) {
      const { status, err } = await runCli(["plan", "-f", join(folder, pattern)]);
      expect(status).toBe(1);
      expect(err).toContain("matches no .yaml, .yml or .json file");
    }
  });
});
