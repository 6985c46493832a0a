import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { EC2_TRUST, KINDS_OF_TRUST, SSM, statement } from "../../support/declarations/policies.ts";
import { runCli } from "./run-cli.ts";

const READ = statement("s3:Get*", { Sid: "Read" });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "convert-"));
  writeFileSync(join(folder, "read.json"), READ);
  writeFileSync(join(folder, "trust.json"), KINDS_OF_TRUST.account);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

describe("convert", () => {
  test("refuses an empty input, which would be a role without a policy", async () => {
    for (const input of ["", " \n"]) {
      const { status, out, err } = await runCli(["convert", "--name", "web"], { input });
      expect([status, out, err]).toEqual([1, "", expect.stringContaining("standard input has no policy document")]);
    }
  });

  test("makes a manifest of a policy on standard input, which validate accepts", async () => {
    const { status, out, err } = await runCli(["convert", "--name", "web", "-n", "team-a"], { input: READ });
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(parse(out)).toEqual({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "web", namespace: "team-a" },
      spec: {
        roleName: "web",
        statements: [{ sid: "Read", effect: "Allow", actions: ["s3:Get*"], resources: ["arn:aws:s3:::app-logs/*"] }],
      },
    });
    expect((await runCli(["validate", "--strict", "-f", "-"], { input: out })).status).toBe(0);
  });

  test.each([
    ["get-role-policy", { RoleName: "web", PolicyName: "from-aws", PolicyDocument: JSON.parse(READ) }],
    ["get-policy-version", { PolicyVersion: { Document: JSON.parse(READ), VersionId: "v1" } }],
    ["an encoded document", { PolicyName: "from-aws", PolicyDocument: encodeURIComponent(READ) }],
  ])("takes what aws iam prints: %s", async (_, printed) => {
    const { status, out } = await runCli(["convert", "--name", "web"], { input: JSON.stringify(printed) });
    expect(status).toBe(0);
    expect(parse(out).spec.statements).toHaveLength(1);
    expect(parse(out).spec.policyName).toBe("PolicyName" in printed ? "from-aws" : undefined);
  });

  test("quotes the version of a document, which readers of YAML 1.1 take for a timestamp", async () => {
    const input =
      '{"Version": "2008-10-17", "Id": "old", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}';
    const { out } = await runCli(["convert", "--name", "web"], { input });
    expect(out).toContain('Version: "2008-10-17"');
  });

  test("takes the name of the file, the trust policy and managed policies", async () => {
    const args = ["convert", "-f", file("read.json"), "--trust", file("trust.json"), "--managed-policy-arn", SSM];
    const { status, out } = await runCli(args);
    expect(status).toBe(0);
    expect(parse(out)).toMatchObject({
      metadata: { name: "read" },
      spec: { roleName: "read", managedPolicyArns: [SSM], trust: { statements: [{ sid: "People" }] } },
    });
  });

  test.each<[string, readonly string[], string, string]>([
    [
      "a trust policy as a policy",
      ["--name", "a"],
      EC2_TRUST,
      "is a trust policy, because it has principals. Pass it with --trust.",
    ],
    [
      "a policy as the trust policy",
      ["--name", "a", "--managed-policy-arn", SSM, "--trust", "-"],
      READ,
      "is not a trust policy",
    ],
    ["no policy", ["--name", "a"], '{"Effect": "Allow"}', "is not an IAM policy document: it has no Statement"],
    [
      "a Sid that IAM does not take",
      ["--name", "a"],
      statement("s3:Get*", { Sid: "Read it" }),
      "IAM does not accept standard input: Statement[0].Sid: Invalid value: IAM takes letters and digits only in a Sid",
    ],
    [
      "a statement without resources",
      ["--name", "a"],
      '{"Statement": [{"Effect": "Allow", "Action": "s3:Get*"}]}',
      "Statement[0]: Invalid value: write exactly one of Resource and NotResource",
    ],
    [
      "a trust policy that IAM does not take",
      ["--name", "a", "--managed-policy-arn", SSM, "--trust", "-"],
      EC2_TRUST.replace("Allow", "allow"),
      'Effect: Unsupported value: supported values: "Allow", "Deny"',
    ],
    ["no JSON", ["--name", "a"], '{"Statement": hunter2', "error: a character is missing"],
    ["a key twice", ["--name", "a"], '{"Statement": [], "Statement": []}', ":1: error: a map has the same key twice"],
    ["no name", [], READ, "the object needs a name; set --name"],
    [
      "too many names",
      ["--name", "a", "--policy-name", "b", "--policy-name", "c"],
      READ,
      "--policy-name is given 2 times, and there are 1 policies",
    ],
  ])("refuses %s, in words and without an excerpt", async (_, args, input, words) => {
    const { status, out, err } = await runCli(["convert", ...args], { input });
    expect([status, out]).toEqual([1, ""]);
    expect(err).toContain(words);
    expect(err).not.toContain("hunter2");
  });
});
