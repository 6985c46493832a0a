import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT, sectionOf } from "../docs/document.ts";
import { manifestText, runCli } from "./run-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "policy-tests-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const aTest = (spec: object, metadata: object = {}): string =>
  JSON.stringify({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfileTest",
    metadata: { name: "app-test", namespace: "team-a", ...metadata },
    spec: { instanceProfile: "app", ...spec },
  });

const READ = { sid: "Read", effect: "Allow", actions: ["s3:Get*"], resources: ["*"] };
const validate = (...more: readonly string[]) => runCli(["validate", "-f", folder, ...more]);

describe("validate runs the policy tests of its input", () => {
  beforeEach(() => file("app.json", manifestText({ statements: [READ] })));

  test("and says that they are met", async () => {
    file(
      "tests/app.json",
      aTest({
        allow: [{ actions: ["s3:GetObject"] }],
        deny: [{ actions: ["iam:*"] }],
        noMoreThan: { statements: [READ] },
      }),
    );
    const { status, out } = await validate();
    expect(out).toContain("(document 1) InstanceProfileTest team-a/app-test: ok");
    expect(JSON.parse((await validate("-o", "json")).out).manifests).toMatchObject([
      { object: "team-a/app" },
      { object: "team-a/app-test", kind: "InstanceProfileTest", valid: true },
    ]);
    expect({ status, last: out.trim().split("\n").at(-1) }).toEqual({ status: 0, last: "2 checked, 0 invalid" });
  });

  test("with its variables, whether their values are known or not", async () => {
    const resource = "arn:aws:sqs:{region}:{account}:{namespace}-{queue}";
    const statement = { effect: "Allow", actions: ["sqs:SendMessage"], resources: [resource] };
    file("app.json", manifestText({ statements: [statement] }));
    const sends = (where: string) => ({ actions: ["sqs:SendMessage"], resources: [where] });
    const tests = { allow: [sends(resource)], deny: [sends(resource.replace("{queue}", "other"))] };
    file("tests/app.json", aTest({ ...tests, noMoreThan: { statements: [statement] } }));
    expect(await validate("--variable", "queue=jobs")).toMatchObject({ status: 0 });
    file("tests/app.json", aTest({ allow: [sends("arn:aws:sqs:{region}:{account}:team-a-jobs")] }));
    expect(await validate("--variable", "queue=jobs", "--variable", "region=eu-west-1")).toMatchObject({ status: 0 });
    expect(await validate("--variable", "queue=tasks")).toMatchObject({ status: 1 });
  });

  test("and names file, line, expectation and reason of one that fails", async () => {
    const path = file(
      "tests/app.yaml",
      [
        "apiVersion: iam.instanceprofile.dev/v1beta1",
        "kind: InstanceProfileTest",
        "metadata: { name: app-test, namespace: team-a }",
        "spec:",
        "  instanceProfile: app",
        "  allow:",
        "    - actions: [s3:GetObject]",
        "    - actions: [s3:PutObject]",
        "  deny:",
        "    - actions: [s3:*]",
        "      resources: ['arn:aws:s3:::reports/*']",
        "  noMoreThan:",
        "    statements:",
        "      - { effect: Allow, actions: ['s3:GetObject'], resources: ['*'] }",
      ].join("\n"),
    );
    const { status, out } = await validate();
    expect(status).toBe(1);
    const lines = out.split("\n").filter((line) => line.includes(": error: "));
    expect(lines).toEqual([
      `  ${path}:8:7: error: spec.allow[1]: s3:PutObject on * must be allowed, but is not`,
      expect.stringMatching(
        /:10:7: error: spec\.deny\[0\]: s3:\* on arn:aws:s3:::reports\/\* must be denied, but s3:Get\S* on arn:aws:s3:::reports\/\S* is allowed: statement 1 "Read" of inline policy app$/,
      ),
      expect.stringMatching(
        /:12:3: error: spec\.noMoreThan: the object grants more: s3:Get\* on \* \(example: s3:get\S* on \*; statement 1 "Read" of inline policy app\)$/i,
      ),
    ]);
  });

  test("and reads the policy of noMoreThan from a file beside the test", async () => {
    file("tests/bound.json", {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
    });
    file("tests/app.json", aTest({ noMoreThan: { policyFile: "bound.json" } }));
    expect(await validate()).toMatchObject({ status: 0 });
    file("tests/bound.json", { Version: "2012-10-17", Statement: [] });
    expect(await validate()).toMatchObject({
      status: 1,
      out: expect.stringContaining("the object grants more: s3:Get*"),
    });
    rmSync(join(folder, "tests/bound.json"));
    expect(await validate()).toMatchObject({ status: 1, out: expect.stringContaining("bound.json does not exist") });
    file("tests/bound.json", "secret: value");
    expect(await validate()).toMatchObject({ status: 1, out: expect.not.stringContaining("value") });
  });

  test("and reads no folder, device or huge file as the policy of noMoreThan", async () => {
    file("big.txt", " ".repeat(1_048_577));
    symlinkSync("/dev/zero", join(folder, "zero.json"));
    for (const policyFile of ["zero.json", ".", "big.txt"]) {
      file("app-test.json", aTest({ noMoreThan: { policyFile } }));
      const { status, out } = await validate();
      expect([policyFile, status, out]).toEqual([
        policyFile,
        1,
        expect.stringContaining("must be a file of at most 1 MiB"),
      ]);
    }
  });

  test.each<[string, string, RegExp]>([
    [
      "of an object that is not in the input",
      aTest({ instanceProfile: "other", deny: [{ actions: ["iam:*"] }] }),
      /InstanceProfile team-a\/other is not in the input/,
    ],
    [
      "of an object in another namespace",
      aTest({ deny: [{ actions: ["iam:*"] }] }, { namespace: "team-b" }),
      /InstanceProfile team-b\/app is not in the input/,
    ],
    ["without expectations", aTest({}), /write at least one of allow, deny and noMoreThan/],
    ["with an unknown field", aTest({ denied: [{ actions: ["iam:*"] }] }), /unknown field "spec\.denied"/],
    [
      "with a field of IAM's JSON",
      aTest({ deny: [{ Action: ["iam:*"] }] }),
      /unknown field "spec\.deny\[0\]\.Action" \(did you mean actions\?\)/,
    ],
    ["without actions", aTest({ deny: [{ resources: ["*"] }] }), /spec\.deny\[0\]\.actions: Required value/],
    [
      "with a number in the context",
      aTest({ deny: [{ actions: ["iam:*"], context: { "a:b": 1 } }] }),
      /spec\.deny\[0\]\.context\[a:b\]: must be a string or a list of strings/,
    ],
    [
      "with two policies",
      aTest({ noMoreThan: { statements: [READ], policyFile: "x" } }),
      /write exactly one of statements and policyFile/,
    ],
    [
      "with a statement that the CRD refuses",
      aTest({ noMoreThan: { statements: [{ effect: "Allow", actions: ["s3"], resources: ["*"] }] } }),
      /write service:Action/,
    ],
    [
      "of another version",
      aTest({ deny: [{ actions: ["iam:*"] }] }).replace("v1beta1", "v2"),
      /apiVersion: unknown version/,
    ],
    ...["GetObject", "s3-GetObject", "s3:GetObject ", " s3:GetObject", "s3:Get Object", "s3:"].flatMap((action) =>
      (["allow", "deny"] as const).map((field): [string, string, RegExp] => [
        `that ${field === "allow" ? "allows" : "denies"} the misspelt action "${action}"`,
        aTest({ [field]: [{ actions: ["iam:*", action] }] }),
        new RegExp(`spec\\.${field}\\[0\\]\\.actions\\[1\\]: .*write service:Action, as in s3:GetObject or s3:Get\\*`),
      ]),
    ),
    ...(["allow", "deny"] as const).map((field): [string, string, RegExp] => [
      `with a resource in ${field} that is no ARN`,
      aTest({ [field]: [{ actions: ["s3:GetObject"], resources: ["reports/*"] }] }),
      new RegExp(`spec\\.${field}\\[0\\]\\.resources\\[0\\]: .*write an ARN, as in arn:aws:s3:::my-bucket`),
    ]),
  ])("and refuses one %s", async (_name, content, message) => {
    file("tests/app.json", content);
    const { status, out } = await validate();
    expect(out).toMatch(message);
    expect(status).toBe(1);
  });
});

describe("the policy file of a test", () => {
  const withFile = (policyFile: string): string => file("tests/app.json", aTest({ noMoreThan: { policyFile } }));
  const bound = (...statements: readonly unknown[]): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: statements });
  beforeEach(() => file("app.json", manifestText({ statements: [READ] })));

  test.each<[string, string, RegExp]>([
    ["a statement that is no object", bound("x"), /statement 1: it is not a JSON object/],
    [
      "an unknown Effect",
      bound({ Effect: "alow", Action: "s3:*", Resource: "*" }),
      /statement 1: its Effect is neither/,
    ],
    ["no Action", bound({ Effect: "Allow", Resource: "*" }), /statement 1: it has no Action/],
    [
      "a misspelt action",
      bound({ Effect: "Allow", Action: "GetObject", Resource: "*" }),
      /Action: .*write service:Action/,
    ],
    ["no ARN", bound({ Effect: "Allow", Action: "s3:*", Resource: "reports/*" }), /Resource: .*write an ARN/],
    ["a principal", bound({ Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "*" }), /it has a principal/],
    [
      "an unknown element",
      bound({ Effect: "Allow", Action: "s3:*", Resource: "*", Conditions: {} }),
      /it has an element/,
    ],
    [
      "an unknown operator in its second statement",
      bound(
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        { Effect: "Deny", Action: "s3:*", Resource: "*", Condition: { StrngEquals: { "a:b": "c" } } },
      ),
      /statement 2: StrngEquals is not an IAM condition operator \(did you mean StringEquals\?\)/,
    ],
    ["an unknown Version", JSON.stringify({ Version: "2020-01-01", Statement: [] }), /its Version must be 2012-10-17/],
    ["no Statement", JSON.stringify({ statement: [] }), /must have one IAM policy document/],
    ["a manifest besides", `${bound()}\n---\n${manifestText()}`, /must have one IAM policy document/],
    ["more than a policy can have", `${bound()}${" ".repeat(1_048_576)}`, /must be a file of at most 1 MiB/],
  ])("is invalid with %s, which is said with its name", async (_name, content, message) => {
    file("bound.policy", content);
    const path = withFile("../bound.policy");
    const { status, out } = await validate();
    expect(out).toMatch(new RegExp(`${path}:1:\\d+: error: spec\\.noMoreThan\\.policyFile: \\S*bound\\.policy\\b`));
    expect(out).toMatch(message);
    expect(out).not.toContain("not decided");
    expect(status).toBe(1);
  });

  test.each<[string, string, RegExp]>([
    ["an absolute path", "/bound.json", /spec\.noMoreThan\.policyFile: must be relative to the file of the test/],
    ["a folder", "..", /must be a file of at most 1 MiB/],
    ["a pattern", "*.policy", /\*\.policy does not exist/],
  ])("is not read by %s", async (_name, path, message) => {
    file("tests/bound.policy", bound({ Effect: "Allow", Action: "*", Resource: "*" }));
    withFile(path);
    expect(await validate()).toMatchObject({ status: 1, out: expect.stringMatching(message) });
  });

  test("is relative to the working directory for a test on standard input", async () => {
    const input = `${manifestText()}\n---\n${aTest({ noMoreThan: { policyFile: "no-such-folder/bound.json" } })}`;
    const { out } = await runCli(["validate", "-f", "-"], { input });
    expect(out).toContain("spec.noMoreThan.policyFile: no-such-folder/bound.json does not exist");
  });
});

describe("a policy test without everything that it needs", () => {
  test("is not run on an invalid object", async () => {
    file("app.json", manifestText({ statements: [{ ...READ, effect: "allow" }] }));
    file("tests/app.json", aTest({ deny: [{ actions: ["iam:*"] }] }));
    expect(await validate()).toMatchObject({
      status: 1,
      out: expect.stringContaining("InstanceProfile team-a/app is invalid. Correct it first."),
    });
  });

  test("warns of managed policies that validate does not read", async () => {
    file(
      "app.json",
      manifestText({ statements: [READ], managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }),
    );
    file("tests/app.json", aTest({ deny: [{ actions: ["iam:*"] }] }));
    const { status, out } = await validate();
    expect(out).toContain(
      "warning: spec.instanceProfile: the test was run without managed policy arn:aws:iam::aws:policy/ReadOnlyAccess",
    );
    expect(status).toBe(0);
  });

  test("is no input by itself", async () => {
    file("tests/app.json", aTest({ deny: [{ actions: ["iam:*"] }] }));
    expect(await validate()).toMatchObject({
      status: 1,
      err: expect.stringMatching(
        /no InstanceProfile \(iam\.instanceprofile\.dev\) found in .*; it has InstanceProfileTest\. Pass the manifests of the InstanceProfiles that the tests name too, with another -f\./,
      ),
    });
  });
});

test("the documents show what validate prints for their policy test", async () => {
  const { fences } = sectionOf("docs/how-to/review-access.md", "Policy tests");
  const shown = (language: string): string => fences.find((fence) => fence.language === language)?.text ?? "";
  file("manifests/app.yaml", readFileSync(join(ROOT, "crds/samples/s3-read-only.yaml"), "utf8"));
  file("manifests/tests/app.yaml", shown("yaml"));
  const { out } = await runCli(["validate", "-f", join(folder, "manifests")]);
  const [, ...lines] = shown("console").split("\n");
  expect(out.replaceAll(`${folder}/`, "").trimEnd()).toBe(lines.join("\n"));
});

test("a test on what kustomize builds is read beside it", async () => {
  const path = file("tests/app.json", aTest({ deny: [{ actions: ["iam:*"] }] }));
  const built = await runCli(["validate", "-f", "-", "-f", join(path, "..")], { input: manifestText() });
  expect(built).toMatchObject({ status: 0, out: expect.stringContaining("InstanceProfileTest team-a/app-test: ok") });
});
