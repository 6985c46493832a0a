import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { manifestText, runCli } from "./run-cli.ts";

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "planner",
  AWS_SECRET_ACCESS_KEY: "very-secret-key",
  AWS_EC2_METADATA_DISABLED: "true",
};

let aws: AwsSandbox;
let folder: string;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  folder = mkdtempSync(join(tmpdir(), "same-answer-"));
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, { ...ENVIRONMENT, AWS_ENDPOINT_URL: aws.url });
});
beforeEach(() => {
  aws.reset();
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "same-answer-"));
});
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const both = async (...paths: readonly string[]) => {
  const args = paths.flatMap((path) => ["-f", path]);
  return { validate: await runCli(["validate", ...args]), plan: await runCli(["plan", ...args]) };
};

/** The lines about a place in a file, without what each command puts around them. */
const placed = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.includes(folder) && /:\d+:\d+: /.test(line))
    .map((line) => line.replace(/^[ !]+/, "").replace(/(:\d+:\d+: )(error|[A-Z][A-Za-z]+): /, "$1"));

describe("validate and plan say the same of the same files", () => {
  test("every fault of every file, each with line and column, not only of the first bad one", async () => {
    const paths = [
      file(
        "a.yaml",
        `${manifestText({ roleName: "not a name" })}\n---\n{ half: [\n---\n${manifestText({ roleNam: "x" }, { name: "b" })}`,
      ),
      file("b.yaml", "kind: InstanceProfile\napiVersion: iam.instanceprofile.dev/v1beta1\n spec: 1"),
      file(
        "c.json",
        manifestText({ statements: [{ Effect: "Allow", Action: ["s3:Get*"], resources: ["*"] }] }, { name: "c" }),
      ),
      file("d.yaml", manifestText({}, { name: "fine" })),
    ];
    const { validate, plan } = await both(...paths);
    expect([validate.status, plan.status, plan.out]).toEqual([1, 1, ""]);
    expect(placed(plan.err)).toEqual(placed(validate.out));
    const [a, b, c] = paths;
    for (const words of [
      `${a}:1:`,
      `${a}:4:1: error: a character is missing`,
      'unknown field "spec.roleNam" (did you mean roleName?)',
      `${b}:3:`,
      `${c}:1:`,
      "spec.statements: this is a policy in IAM's JSON",
    ]) {
      expect(validate.out).toContain(words);
    }
    expect(validate.out).toContain("6 checked, 5 invalid");
    expect(plan.err).toContain("nothing was planned: 5 of 6 manifests are invalid");
    expect(aws.calls.all).toEqual([]);
  });

  test("what cannot be read is in the JSON and SARIF of validate", async () => {
    const path = file("a.yaml", "{ half: [");
    const json = JSON.parse((await runCli(["validate", "-f", path, "-o", "json"])).out);
    expect(json).toMatchObject({
      apiVersion: "cli.iam.instanceprofile.dev/v1",
      kind: "ValidateResult",
      unreadable: [{ source: path, line: 1 }],
      summary: { checked: 1, invalid: 1 },
    });
    const { runs } = JSON.parse((await runCli(["validate", "-f", path, "-o", "sarif"])).out);
    expect(runs[0].results).toMatchObject([{ ruleId: "unreadable", level: "error", ruleIndex: 0 }]);
  });

  test("a condition operator that IAM does not have: nothing of the role is created", async () => {
    const conditions = { StringEqualz: { "aws:SourceVpc": ["vpc-1"] } };
    const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"], conditions }];
    const { validate, plan } = await both(file("a.yaml", manifestText({ statements })));
    expect([validate.status, plan.status]).toEqual([1, 3]);
    expect(placed(plan.out)).toEqual(placed(validate.out));
    expect(plan.out).toContain("StringEqualz is not an IAM condition operator (did you mean StringEquals?)");
    expect(plan.out).toContain("InstanceProfile team-a/app: blocked\n");
  });

  test("one role and instance profile for two objects: the second is blocked, and names the first", async () => {
    const input = `${manifestText({ roleName: "newrole" }, { name: "n1" })}\n---\n${manifestText({ roleName: "NewRole" }, { name: "n2" })}`;
    const path = file("a.yaml", input);
    const { validate, plan } = await both(path);
    expect([validate.status, plan.status]).toEqual([1, 3]);
    expect(placed(plan.out)).toEqual(placed(validate.out));
    expect(placed(plan.out)).toEqual([
      expect.stringContaining(
        `InstanceProfile team-a/n1 (${path}, document 1) also names role and instance profile NewRole.`,
      ),
    ]);
    expect(plan.out).toContain("InstanceProfile team-a/n1: 4 to add");
    expect(plan.out).toContain("InstanceProfile team-a/n2: blocked\n");
  });

  test("two objects that would adopt one role: the second is blocked", async () => {
    await outsider(aws.url, "CreateRole", { RoleName: "newrole", AssumeRolePolicyDocument: EC2_TRUST });
    const adopting = (name: string) => manifestText({ roleName: "newrole", adoptionPolicy: "IfExists" }, { name });
    const path = file("a.yaml", `${adopting("n1")}\n---\n${adopting("n2")}`);
    const { status, out } = await runCli(["plan", "-f", path, "--allow-adoption"]);
    expect(status).toBe(3);
    expect(out).toMatch(/team-a\/n2: blocked\n.*OwnedByAnother/);
    expect(out).not.toMatch(/team-a\/n1: .*blocked/);
  });

  test("one object twice: the second is blocked, and names the place of the first", async () => {
    const one = manifestText({}, { name: "n1" });
    const path = file("a.yaml", `${one}\n---\n${one}`);
    const { validate, plan } = await both(path);
    expect([validate.status, plan.status]).toEqual([1, 3]);
    expect(placed(plan.out)).toEqual(placed(validate.out));
    expect(plan.out).toContain(`InstanceProfile team-a/n1 is also in ${path}, document 1`);
  });

  test("a suspended object writes nothing, and a dry run says that it only reports", async () => {
    const { out, status } = await runCli(["plan", "-f", "-"], {
      input: `${manifestText({ suspend: true, roleName: "a" }, { name: "a" })}\n---\n${manifestText({ mode: "DryRun" }, { name: "b" })}`,
    });
    expect(out).toContain("? Suspended: spec.suspend is true, so the controller writes nothing");
    expect(out).toContain("InstanceProfile team-a/b: 4 to add");
    expect(out).toContain("? DryRun: spec.mode is DryRun");
    expect(status).toBe(2);
  });

  test("a quota of no roles at all: nothing is planned", async () => {
    const full = await startAwsSandbox({ quotas: { roles: 0 } });
    process.env["AWS_ENDPOINT_URL"] = full.url;
    const { status, out } = await runCli(["plan", "-f", "-"], { input: manifestText() });
    process.env["AWS_ENDPOINT_URL"] = aws.url;
    await full.close();
    expect(status).toBe(3);
    expect(out).toMatch(/team-a\/app: blocked\n.*QuotaExceeded: role app cannot be created/);
  });
});

describe("an input without a manifest says what it has instead", () => {
  test.each([
    ["apiVersion: v1\nkind: ConfigMap", "found in <stdin>; it has ConfigMap (v1)"],
    [
      readFileSync(join(import.meta.dirname, "../../../deploy/aws/plan-policy.json"), "utf8"),
      "it has an IAM policy document. Write its statements as spec.statements of an InstanceProfile",
    ],
  ])("%#", async (input, words) => {
    for (const command of ["validate", "plan"]) {
      const { status, err } = await runCli([command, "-f", "-"], { input });
      expect(status).toBe(1);
      expect(err).toContain(words);
    }
  });

  test("an unrendered Helm template", async () => {
    const input =
      "apiVersion: iam.instanceprofile.dev/v1beta1\nkind: InstanceProfile\nspec:\n  {{- toYaml .Values.spec | nindent 2 }}";
    expect((await runCli(["validate", "-f", "-"], { input })).out).toContain(
      "looks like a Helm template: render it first",
    );
    expect((await runCli(["plan", "-f", "-"], { input })).err).toContain("looks like a Helm template: render it first");
  });

  test("a misspelled kind of our group", async () => {
    const input = manifestText().replace('"InstanceProfile"', '"InstanceProfil"');
    expect((await runCli(["validate", "-f", "-"], { input })).out).toContain(
      "error: kind: unknown kind (did you mean InstanceProfile?)",
    );
  });
});
