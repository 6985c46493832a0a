import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { useAws } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { manifestText, runCli } from "./run-cli.ts";

let aws: AwsSandbox;
let restoreEnvironment: () => void;
beforeAll(async () => {
  aws = await startAwsSandbox({});
  restoreEnvironment = useAws(aws.url, "planner");
});
beforeEach(async () => {
  aws.reset();
  await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
});
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

const policy = (...actions: readonly string[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Sid: "Main", Effect: "Allow", Action: actions, Resource: ["*"] }],
  });
const put = (PolicyName: string, PolicyDocument: string) =>
  outsider(aws.url, "PutRolePolicy", { RoleName: "app", PolicyName, PolicyDocument });
const manifest = (actions: readonly string[], spec: object = {}): string =>
  manifestText({
    adoptionPolicy: "IfExists",
    statements: [{ sid: "Main", effect: "Allow", actions, resources: ["*"] }],
    ...spec,
  });
const plan = (input: string, ...options: readonly string[]) =>
  runCli(["plan", "-f", "-", "--allow-adoption", "--region", "us-east-1", ...options], { input });

describe("plan says first what it grants", () => {
  test("in text, for all objects and for each, with the place in the manifest", async () => {
    await put("app", policy("s3:Get*"));
    const { out, status } = await plan(manifest(["s3:Get*", "s3:PutObject"]));
    const lines = out.split("\n");
    expect(lines[0]).toBe("Grants new access: s3:PutObject on * (team-a/app)");
    expect(lines.slice(1, 3)).toEqual(["", expect.stringMatching(/^InstanceProfile team-a\/app: /)]);
    expect(lines[3]).toMatch(
      /^ {2}Grants new access: s3:PutObject on \* \(statement 1 "Main" of inline policy app at <stdin>:1:\d+\)$/,
    );
    expect(status).toBe(2);
  });

  test("in Markdown, as the comment of a pull request", async () => {
    await put("app", policy("s3:Get*"));
    const { out } = await plan(manifest(["s3:Get*", "s3:PutObject"]), "-o", "markdown");
    expect(out).toMatch(/^\*\*Grants new access: `s3:PutObject on \*` \(`team-a\/app`\)\*\*\n\n\*\*Plan: /);
  });

  test("in JSON, with verdict and examples", async () => {
    await put("app", policy("s3:Get*"));
    const json = JSON.parse((await plan(manifest(["s3:Get*", "s3:PutObject"]), "-o", "json")).out);
    expect(json.access).toEqual({ verdict: "new-access" });
    expect(json.objects[0].access.permissions.examples).toMatchObject([
      { action: "s3:PutObject", resource: "*", sid: "Main" },
    ]);
  });

  test.each<[string, string, readonly string[]]>([
    ["narrower actions", policy("s3:*"), ["s3:Get*"]],
    ["another order", policy("s3:Get*", "ec2:*"), ["ec2:*", "s3:Get*"]],
    ["another Version", policy("s3:Get*").replace("2012-10-17", "2008-10-17"), ["s3:Get*"]],
  ])("and grants nothing by %s", async (_name, before, after) => {
    await put("app", before);
    const { out, status } = await plan(manifest(after), "--fail-on-new-access");
    expect(out).toMatch(/^Grants no new access\.\n/);
    expect(status).toBeLessThan(4);
  });

  test("of trust: who may newly assume the role", async () => {
    await put("app", policy("s3:Get*"));
    const { out } = await plan(
      manifest(["s3:Get*"], { trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"] } }),
    );
    expect(out).toMatch(/^Lets new principals assume the role: Service:lambda\.amazonaws\.com \(team-a\/app\)\n/);
  });

  test("with inline policies that the spec does not name", async () => {
    await put("app", policy("s3:Get*"));
    await put("other", policy("s3:Put*"));
    expect((await plan(manifest(["s3:Get*", "s3:PutObject"]))).out).toMatch(/^Grants no new access\.\n/);
  });

  test("with managed policies, which it reads", async () => {
    await put("app", policy("s3:Get*"));
    const attached = { managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] };
    const { out } = await plan(manifest(["s3:Get*"], attached));
    expect(out).toMatch(
      /Grants new access: ssm:\S+ on \S+ .*of managed policy arn:aws:iam::aws:policy\/AmazonSSMManagedInstanceCore/,
    );
    expect(out).not.toContain("not decided");
  });

  test("and names one that it may not read", async () => {
    aws.denyActions.add("iam:GetPolicy");
    await put("app", policy("s3:Get*"));
    const attached = { managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] };
    const { out, err } = await plan(manifest(["s3:Get*"], attached));
    expect(out).toContain(
      "New access is not decided: the change attaches managed policy arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore (not read)",
    );
    expect(err).toContain("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore was not read: ");
  });

  test("and reads no policy when it changes none", async () => {
    await put("app", policy("s3:Get*"));
    await put("other", policy("s3:Put*"));
    const before = aws.calls.all.length;
    await plan(manifest(["s3:Get*"]));
    expect(aws.calls.all.slice(before).filter(({ action }) => /GetPolicy|GetRolePolicy/.test(action))).toHaveLength(1);
  });
});

describe("plan --fail-on-new-access", () => {
  test("exits with 4 for new access", async () => {
    await put("app", policy("s3:Get*"));
    expect(await plan(manifest(["s3:*"]), "--fail-on-new-access")).toMatchObject({ status: 4 });
  });

  test("exits with 4 for what is not decided", async () => {
    aws.denyActions.add("iam:GetPolicy");
    await put("app", policy("s3:Get*"));
    const attached = { managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] };
    expect(await plan(manifest(["s3:Get*"], attached), "--fail-on-new-access")).toMatchObject({ status: 4 });
  });

  test("exits with 3 when an object is blocked and no other grants anything", async () => {
    const blocked = manifest(["s3:*"], { adoptionPolicy: "Never" });
    const { status, out } = await plan(blocked, "--fail-on-new-access");
    expect(status).toBe(3);
    expect(out).not.toContain("new access");
  });
});

describe("plan with a policy test that fails", () => {
  const policyTest = (name: string, ...actions: readonly string[]): string =>
    JSON.stringify({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileTest",
      metadata: { name, namespace: "team-a" },
      spec: { instanceProfile: "app", deny: [{ actions }] },
    });
  const withTest = (...granted: readonly string[]): string =>
    `${manifest(granted)}\n---\n${policyTest("t", "s3:Put*")}`;
  beforeEach(() => put("app", policy("s3:Get*")));

  test("exits with 1, after the plan, and says why", async () => {
    expect((await plan(withTest("s3:Get*"))).status).not.toBe(1);
    const { status, out, err } = await plan(withTest("s3:*"));
    expect(status).toBe(1);
    expect(out).toContain("InstanceProfile team-a/app: ");
    expect(err).toMatch(/<stdin>:3:\d+: error: spec\.deny\[0\]: s3:Put\* on \* must be denied, but s3:Put/);
    expect(err).toContain("1 of 1 policy tests failed");
  });

  test("because it cannot read a managed policy says what to do, not that plan reads it", async () => {
    aws.denyActions.add("iam:GetPolicy");
    const attached = manifest(["s3:Get*"], {
      managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    });
    const { status, err } = await plan(`${attached}\n---\n${policyTest("t", "s3:Put*")}`);
    expect(status).toBe(1);
    expect(err).toContain("plan could not read it. Correct the ARN, or allow what deploy/aws/plan-policy.json allows.");
  });

  test("exits with 1 and not with 4, although it grants new access", async () => {
    expect((await plan(withTest("s3:*"), "--fail-on-new-access")).status).toBe(1);
  });

  test("says so in Markdown, below the access", async () => {
    const { out } = await plan(withTest("s3:*"), "-o", "markdown");
    expect(out).toMatch(
      /^\*\*Grants new access: .*\*\*\n\n\*\*Policy tests: 1 of 1 failed\.\*\*\n\n- `<stdin>:3:\d+: spec\.deny\[0\]: s3:Put\* on \* must be denied, but .*`\n\n\*\*Plan: /,
    );
    const met = await plan(withTest("s3:Get*"), "-o", "markdown");
    expect(met.out).toContain("**Policy tests: 1 passed.**\n\n**Plan: ");
  });

  test("has code in Markdown that the author cannot close", async () => {
    const hostile = policyTest("t", "s3:*").replace('"actions"', '"context":{"a:`b":"``</code>@team"},"actions"');
    const { out } = await plan(`${manifest(["s3:*"])}\n---\n${hostile}`, "-o", "markdown");
    expect(out).toMatch(/\n- ```<stdin>:3:\d+: .*a:`b = "``<\/code>@team".*[^`]```\n/);
  });

  test("lists in JSON each test, with object, place, verdict and messages", async () => {
    const input = `${withTest("s3:*")}\n---\n${policyTest("met", "iam:*")}`;
    const { tests } = JSON.parse((await plan(input, "-o", "json")).out);
    expect(tests).toEqual([
      {
        test: "team-a/t",
        object: "team-a/app",
        place: expect.stringMatching(/^<stdin>:3:\d+$/),
        verdict: "failed",
        failures: [
          {
            place: expect.stringMatching(/^<stdin>:3:\d+$/),
            message: expect.stringMatching(/^spec\.deny\[0\]: s3:Put\* on \* must be denied, but /),
          },
        ],
      },
      {
        test: "team-a/met",
        object: "team-a/app",
        place: expect.stringMatching(/^<stdin>:5:\d+$/),
        verdict: "passed",
        failures: [],
      },
    ]);
  });
});
