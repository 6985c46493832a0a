import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { outsider } from "../../support/outsider.ts";
import { manifestText, runCli } from "./run-cli.ts";

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "reviewer",
  AWS_SECRET_ACCESS_KEY: "very-secret-key",
  AWS_EC2_METADATA_DISABLED: "true",
};

let aws: AwsSandbox;
let folder: string;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  folder = mkdtempSync(join(tmpdir(), "can-"));
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, ENVIRONMENT, { AWS_ENDPOINT_URL: aws.url });
});
beforeEach(() => aws.reset());
afterAll(async () => {
  restoreEnvironment();
  rmSync(folder, { recursive: true, force: true });
  await aws.close();
});

const MANIFEST = `apiVersion: iam.instanceprofile.dev/v1beta1
kind: InstanceProfile
metadata: {name: app, namespace: team-a}
spec:
  roleName: app
  statements:
    - sid: Read
      effect: Allow
      actions: ["s3:Get*"]
      resources: ["arn:aws:s3:::logs/*"]
    - effect: Deny
      actions: ["*"]
      resources: ["arn:aws:s3:::logs/secret/*"]
    - effect: Allow
      actions: ["s3:PutObject"]
      resources: ["arn:aws:s3:::logs/*"]
      conditions: {StringEquals: {"aws:PrincipalTag/team": [a, b]}}
`;

const LOG = "arn:aws:s3:::logs/x";

const can = (input: string, ...args: string[]) => runCli(["access", "can", "-f", "-", ...args], { input });

describe("access can says of a manifest", () => {
  test("allowed, with the statement and its place, and exits with 0", async () => {
    expect(await can(MANIFEST, "s3:GetObject", LOG)).toEqual({
      status: 0,
      out: [
        `allowed: s3:GetObject on ${LOG}`,
        `  statement 1 "Read" of inline policy app at <stdin>:7:7 allows it`,
        "",
      ].join("\n"),
      err: "",
    });
  });

  test("denied by a statement, and exits with 2", async () => {
    expect(await can(MANIFEST, "s3:GetObject", "arn:aws:s3:::logs/secret/x")).toMatchObject({
      status: 2,
      out: [
        "denied: s3:GetObject on arn:aws:s3:::logs/secret/x",
        "  statement 2 of inline policy app at <stdin>:11:7 denies it",
        "",
      ].join("\n"),
    });
  });

  test("denied because no statement allows it, and which one would under its conditions", async () => {
    expect(await can(MANIFEST, "s3:PutObject", LOG)).toMatchObject({
      status: 2,
      out: [
        `denied: s3:PutObject on ${LOG}`,
        "  no statement allows it",
        "  statement 3 of inline policy app at <stdin>:14:7 allows it only under its conditions: aws:PrincipalTag/team",
        "",
      ].join("\n"),
    });
  });

  test("allowed with the condition keys of --context, whose names are the same in any case", async () => {
    const context = ["--context", "AWS:principaltag/TEAM=b"];
    expect(await can(MANIFEST, ...context, "s3:PutObject", LOG)).toMatchObject({ status: 0 });
    expect(await can(MANIFEST, "--context", "aws:PrincipalTag/team=b=c", "s3:PutObject", LOG)).toMatchObject({
      status: 2,
    });
  });

  test("the same for a condition key with the name of a member of every object", async () => {
    expect(await can(MANIFEST, "--context", "__proto__=x", "s3:GetObject", LOG)).toMatchObject({ status: 0 });
  });

  test("the same as JSON", async () => {
    const { status, out } = await can(MANIFEST, "--context", "k=a", "--context", "K=b", "-o", "json", "s3:Get", LOG);
    expect([status, JSON.parse(out)]).toEqual([
      0,
      {
        apiVersion: "cli.iam.instanceprofile.dev/v1",
        kind: "AccessDecision",
        object: "team-a/app",
        action: "s3:Get",
        resource: LOG,
        context: { k: ["a", "b"] },
        answer: "allowed",
        decidedBy: [{ effect: "Allow", policy: "inline policy app", statement: 0, sid: "Read", place: "<stdin>:7:7" }],
        underConditions: [],
        notRead: [],
      },
    ]);
  });

  test("of several, that of the one with --name", async () => {
    const both = [manifestText(), manifestText({ roleName: "b" }, { name: "b" })].join("\n---\n");
    for (const name of ["app", "team-a/app"])
      expect(await can(both, "--name", name, "s3:GetObject", LOG)).toMatchObject({ status: 0 });
    expect(await can(both, "s3:GetObject", LOG)).toMatchObject({
      status: 1,
      err: expect.stringContaining("the input has 2 objects: team-a/app, team-a/b. Select one with --name"),
    });
    expect(await can(both, "--name", "c", "s3:GetObject", LOG)).toMatchObject({
      status: 1,
      err: expect.stringContaining("--name: no InstanceProfile c in the input; it has team-a/app, team-a/b"),
    });
  });
});

describe("access can says of a policy document", () => {
  test("whether it allows a request, by the statement in the file", async () => {
    const file = join(folder, "policy.json");
    const allow = { Effect: "Allow", Action: "sqs:*", Resource: "*" };
    writeFileSync(file, JSON.stringify({ Version: "2012-10-17", Statement: [allow] }, null, 2));
    expect(await runCli(["access", "can", "-f", file, "sqs:SendMessage", "*"])).toMatchObject({
      status: 0,
      out: expect.stringContaining(`statement 1 of the policy at ${file}:4:5 allows it`),
    });
  });

  test("nothing, when it is a trust policy", async () => {
    const trust = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
    expect(await can(JSON.stringify({ Statement: [trust] }), "sts:AssumeRole", "*")).toMatchObject({
      status: 1,
      err: expect.stringContaining("<stdin> is a trust policy"),
    });
  });
});

describe("managed policies and the boundary", () => {
  const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
  const BOUNDARY = "arn:aws:iam::123456789012:policy/bound";
  const attached = manifestText({ managedPolicyArns: [SSM] });
  const bounded = manifestText({ permissionsBoundaryArn: BOUNDARY });

  test("are read, two requests each, and their statements are named", async () => {
    expect(await can(attached, "ssm:UpdateInstanceInformation", "*")).toMatchObject({
      status: 0,
      out: expect.stringContaining(`of managed policy ${SSM} allows it`),
    });
    expect(aws.calls.all.map(({ action }) => action)).toEqual(["GetPolicy", "GetPolicyVersion"]);
  });

  test("deny what the boundary does not allow", async () => {
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
    });
    await outsider(aws.url, "CreatePolicy", { PolicyName: "bound", PolicyDocument });
    expect(await can(bounded, "s3:GetObject", LOG)).toMatchObject({
      status: 0,
      out: expect.stringContaining(`statement 1 of permissions boundary ${BOUNDARY} allows it`),
    });
    expect(await can(bounded, "s3:GetObjectAcl", LOG)).toMatchObject({
      status: 2,
      out: expect.stringContaining(`no statement of permissions boundary ${BOUNDARY} allows it`),
    });
  });

  test("are unknown with --offline, without a request, and the answer depends on them", async () => {
    expect(await can(attached, "--offline", "ssm:UpdateInstanceInformation", "*")).toMatchObject({
      status: 3,
      out: [
        "unknown: ssm:UpdateInstanceInformation on *",
        `  denied unless managed policy ${SSM} allows it`,
        `  not read: ${SSM}: --offline is set`,
        "",
      ].join("\n"),
    });
    expect(aws.calls.count()).toBe(0);
  });

  test("are unknown when they do not exist, or without permission or credentials, with the reason", async () => {
    const reason = async (input: string) => (await can(input, "-o", "json", "s3:GetObject", LOG)).out;
    expect(JSON.parse(await reason(bounded))).toMatchObject({
      answer: "unknown",
      reason: `denied unless permissions boundary ${BOUNDARY} allows it`,
      notRead: [{ policyArn: BOUNDARY, reason: `managed policy ${BOUNDARY} does not exist` }],
    });
    aws.denyActions.add("iam:GetPolicyVersion");
    expect(JSON.parse(await reason(attached))).toMatchObject({
      answer: "unknown",
      reason: `allowed unless managed policy ${SSM} denies it`,
      notRead: [{ policyArn: SSM, reason: expect.stringContaining("not authorized to perform: iam:GetPolicyVersion") }],
    });
    aws.denyActions.clear();
    const restore = rememberEnvironment();
    delete process.env["AWS_ACCESS_KEY_ID"];
    expect(JSON.parse(await reason(attached))).toMatchObject({
      answer: "unknown",
      notRead: [{ policyArn: SSM, reason: expect.stringContaining("no AWS credentials") }],
    });
    restore();
  });
});

describe("access can explains a command line that it cannot understand", () => {
  test.each<[string[], string]>([
    [["s3:GetObject", LOG], "nothing to ask: pass a manifest or a policy document with -f"],
    [["-f", "-", "s3:GetObject"], "name one ACTION and one RESOURCE"],
    [["-f", "-", "s3:GetObject", LOG, LOG], "name one ACTION and one RESOURCE"],
    [["-f", "-", "s3:Get*", LOG], 'ACTION "s3:Get*" must be one action, such as s3:GetObject'],
    [["-f", "-", "s3:GetObject", "logs"], 'RESOURCE "logs" must be an ARN, or * for an action that has no resource'],
    [["-f", "-", "--context", "k", "s3:Get", "*"], '--context: "k" must have the form KEY=VALUE'],
    [["-f", "-", "-o", "yaml", "s3:Get", "*"], '--output: "yaml" must be one of text, json'],
  ])("%j", async (args, words) => {
    const { status, out, err } = await runCli(["access", "can", ...args], { input: MANIFEST });
    expect([status, out]).toEqual([1, ""]);
    expect(err).toContain(`instance-profile-controller access can: ${words}`);
  });

  test("an invalid manifest is reported as validate does, and nothing is decided", async () => {
    const { status, out, err } = await can(manifestText({ roleName: "" }), "s3:GetObject", LOG);
    expect([status, out]).toEqual([1, ""]);
    expect(err).toContain("nothing was decided: 1 of 1 manifests are invalid");
  });
});

test("what an author writes cannot forge the answer", async () => {
  const Sid = 'x" of the policy allows it\nallowed: everything\u001b[2J';
  const statement = { Sid, Effect: "Deny", Action: "*", Resource: "*" };
  const { status, out } = await can(JSON.stringify({ Statement: [statement] }), "s3:GetObject", LOG);
  expect(status).toBe(2);
  expect(out.split("\n")).toHaveLength(3);
  expect(out).not.toContain("\u001b");
});
