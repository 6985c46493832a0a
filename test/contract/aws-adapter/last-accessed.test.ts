import { afterAll, beforeAll, expect, test } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import type { ServiceAccess } from "../../../src/model/access/service-access.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { connectDirectly } from "../../support/direct-aws.ts";
import { outsider } from "../../support/outsider.ts";
import { RoleUser } from "../../support/role-user.ts";

const ARN = "arn:aws:iam::123456789012:role/app";
const TRUST = { Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" };
const POLICY = [
  { Effect: "Allow", Action: ["ec2:Describe*", "iam:ListRoles", "s3:*"], Resource: "*" },
  { Effect: "Deny", Action: "sqs:*", Resource: "*" },
];
const { signal } = new AbortController();
const document = (Statement: unknown): string => JSON.stringify({ Version: "2012-10-17", Statement });

let aws: AwsSandbox;
let connection: AwsConnection;
beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => Date.UTC(2026, 0, 1) });
  connection = connectDirectly(aws);
  await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: document(TRUST) });
  await outsider(aws.url, "PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument: document(POLICY) });
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

async function reported(): Promise<readonly ServiceAccess[] | undefined> {
  const { lastAccessed } = connection;
  const jobId = await lastAccessed.start(ARN, signal);
  expect(await lastAccessed.result(jobId, ARN, signal)).toBeUndefined();
  return lastAccessed.result(jobId, ARN, signal);
}

test("a report has the services that the role's policies allow, and of those the tracked actions, used or not", async () => {
  const user = await RoleUser.assume(aws.url, ARN);
  await user.call("iam", "ListRoles");
  await user.call("ec2", "RunInstances", "eu-west-1"); // Denied, and a request all the same.
  aws.setAwkwardness({ smallPages: true });
  const services = await reported();
  aws.setAwkwardness({});
  const seen = { lastAccessed: "2026-01-01T00:00:00.000Z" };
  expect(services?.map(({ service }) => service).toSorted()).toEqual(["ec2", "iam", "s3"]);
  const [ec2, iam, s3] = ["ec2", "iam", "s3"].map((name) => services?.find(({ service }) => service === name));
  expect(iam).toEqual({ service: "iam", ...seen, trackedActions: [{ action: "ListRoles", ...seen }] });
  expect(ec2).toMatchObject({ ...seen, trackedActions: expect.arrayContaining([{ action: "DescribeInstances" }]) });
  expect(ec2?.trackedActions.some(({ action }) => action === "RunInstances")).toBe(false);
  expect(s3).not.toHaveProperty("lastAccessed");
  expect(s3?.trackedActions.map(({ action }) => action)).not.toContain("GetObject");
});

test("a job belongs to the caller that started it, and a role that is not there has none", async () => {
  const { lastAccessed } = connection;
  const jobId = await lastAccessed.start(ARN, signal);
  const user = await RoleUser.assume(aws.url, ARN);
  expect(await user.call("iam", "GetServiceLastAccessedDetails", "us-east-1", { JobId: jobId })).toContain(
    "AccessDenied",
  );
  await expect(lastAccessed.result("00000000-0000-0000-0000-000000000000", ARN, signal)).rejects.toThrow("not found");
  await expect(lastAccessed.start(`${ARN}-not`, signal)).rejects.toThrow("not found");
});
