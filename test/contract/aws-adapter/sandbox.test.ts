import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { AWS_ACTIONS } from "../../../src/aws/required-permissions.ts";
import type { Action } from "../../../src/plan/action.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { describeAdapterContract } from "./adapter-contract.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const never = new AbortController().signal;

describeAdapterContract("the sandbox", async () => {
  const sandbox = await startAwsSandbox();
  return { endpoint: sandbox.url, credentials, close: () => sandbox.close() };
});

describeAdapterContract("the sandbox with IAM's awkward lists", async () => {
  const sandbox = await startAwsSandbox({ awkwardness: { smallPages: true, shuffleLists: true } });
  return { endpoint: sandbox.url, credentials, close: () => sandbox.close() };
});

describe("the AWS adapter against the sandbox's faults", () => {
  let sandbox: AwsSandbox;
  let aws: AwsConnection;
  const createProfile: Action = { kind: "CreateInstanceProfile", instanceProfileName: "p", path: "/", tags: {} };

  beforeAll(async () => {
    sandbox = await startAwsSandbox();
    aws = connectAws({ clock: systemClock, version: "0", region: "eu-west-1", endpoint: sandbox.url, credentials });
  });
  afterEach(() => {
    sandbox.reset();
    sandbox.setAwkwardness({});
  });
  afterAll(async () => {
    aws.close();
    await sandbox.close();
  });

  test("a quota is blocked, and asked for once", async () => {
    sandbox.onRequest(() => ({ kind: "error", code: "LimitExceeded", status: 409, message: "Cannot exceed quota" }));
    await expect(aws.iamWriter.perform(createProfile, never)).rejects.toMatchObject({
      disposition: "blocked",
      reason: "LimitExceeded",
    });
    expect(sandbox.calls.count()).toBe(1);
  });

  test("throttling is told, and not answered with more requests", async () => {
    sandbox.setAwkwardness({ throttle: { ratePerSecond: 0.001, burst: 1 } });
    const read = (): Promise<unknown> => aws.iamReader.getRole("app", never);
    await read();
    await expect(read()).rejects.toMatchObject({ disposition: "throttled", reason: "Throttled" });
    expect(sandbox.calls.count()).toBe(2);
  });

  test("a missing permission is named", async () => {
    sandbox.denyActions.add("iam:CreateInstanceProfile");
    await expect(aws.iamWriter.perform(createProfile, never)).rejects.toMatchObject({
      disposition: "blocked",
      reason: "AccessDenied",
      message: expect.stringContaining("not authorized to perform: iam:CreateInstanceProfile"),
    });
  });

  test("no read is taken for 'absent' when it is not allowed", async () => {
    sandbox.denyActions.add("iam:*");
    const denied = { disposition: "blocked", reason: "AccessDenied" };
    await expect(aws.iamReader.getRole("app", never)).rejects.toMatchObject(denied);
    await expect(aws.iamReader.getRolePolicy("app", "s3", never)).rejects.toMatchObject(denied);
    await expect(aws.iamReader.getInstanceProfile("p", never)).rejects.toMatchObject(denied);
    await expect(aws.iamReader.policyExists("arn:aws:iam::aws:policy/none", never)).rejects.toMatchObject(denied);
    const arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    await expect(aws.managedPolicies.document(arn, never)).rejects.toMatchObject(denied);
    sandbox.denyActions.clear();
    sandbox.denyActions.add("iam:GetPolicyVersion");
    await expect(aws.managedPolicies.document(arn, never)).rejects.toMatchObject(denied);
    sandbox.denyActions.clear();
  });

  test("a write whose reply is lost fails as retryable though it was carried out", async () => {
    sandbox.onRequest(() => ({ kind: "cut", after: true }));
    await expect(aws.iamWriter.perform(createProfile, never)).rejects.toMatchObject({ disposition: "retryable" });
    sandbox.onRequest(undefined);
    expect(sandbox.calls.count()).toBe(1);
    expect(await aws.iamReader.getInstanceProfile("p", never)).toMatchObject({ presence: "present" });
  });

  test("a trust policy for a principal that does not exist is told apart", async () => {
    const principal = { AWS: `arn:aws:iam::${sandbox.accountId}:role/nobody` };
    const statement = { Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" };
    const action: Action = {
      kind: "CreateRole",
      roleName: "app",
      path: "/",
      description: "",
      maxSessionDurationSeconds: 3600,
      permissionsBoundaryArn: undefined,
      document: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
      tags: {},
    };
    await expect(aws.iamWriter.perform(action, never)).rejects.toMatchObject({
      disposition: "terminal",
      reason: "InvalidPrincipal",
    });
  });

  test("every permission of the list is one that the sandbox's IAM asks for", async () => {
    const missing: string[] = [];
    for (const action of AWS_ACTIONS.filter((name) => name.startsWith("iam:") && name !== "iam:PassRole")) {
      sandbox.denyActions.add(action);
      if (!(await isRefused(action.slice("iam:".length)))) missing.push(action);
      sandbox.denyActions.clear();
    }
    expect(missing).toEqual([]);
  });

  async function isRefused(operation: string): Promise<boolean> {
    const reads: Readonly<Record<string, () => Promise<unknown>>> = {
      GetRole: () => aws.iamReader.getRole("app", never),
      ListRolePolicies: () => aws.iamReader.listRolePolicies("app", never),
      GetRolePolicy: () => aws.iamReader.getRolePolicy("app", "s3", never),
      ListAttachedRolePolicies: () => aws.iamReader.listAttachedRolePolicies("app", never),
      ListInstanceProfilesForRole: () => aws.iamReader.listInstanceProfilesForRole("app", never),
      GetInstanceProfile: () => aws.iamReader.getInstanceProfile("p", never),
      GetAccountAuthorizationDetails: () => everything(aws.accountReader.reportRoles(never)),
      ListRoles: () => everything(aws.accountReader.listRoles(never)),
      ListInstanceProfiles: () => everything(aws.accountReader.listInstanceProfiles(never)),
      GetPolicy: () => aws.iamReader.policyExists(ownPolicyArn, never),
      GetPolicyVersion: () => aws.iamReader.getPolicyVersion(ownPolicyArn, "v1", never),
      ListPolicyVersions: () => aws.iamReader.listPolicyVersions(ownPolicyArn, never),
      ListEntitiesForPolicy: () => aws.iamReader.listEntitiesForPolicy(ownPolicyArn, never),
      GetAccountSummary: () => aws.accountReader.getQuotas(never),
    };
    const write = WRITES.find((action) => action.kind === operation);
    const attempt = write === undefined ? reads[operation]?.() : aws.iamWriter.perform(write, never);
    if (attempt === undefined) throw new Error(`No call here needs iam:${operation}.`);
    return attempt.then(
      () => false,
      (error: { readonly reason?: string }) => error.reason === "AccessDenied",
    );
  }
});

const role = { roleName: "app" };
const profile = { instanceProfileName: "p" };
const ownPolicyArn = "arn:aws:iam::123456789012:policy/p";
const WRITES: readonly Action[] = [
  {
    kind: "CreateRole",
    ...role,
    path: "/",
    description: "",
    maxSessionDurationSeconds: 3600,
    permissionsBoundaryArn: undefined,
    document: "{}",
    tags: {},
  },
  { kind: "DeleteRole", ...role },
  { kind: "UpdateRole", ...role, description: "", maxSessionDurationSeconds: 3600, changes: [] },
  { kind: "UpdateAssumeRolePolicy", ...role, document: "{}", changes: [] },
  { kind: "PutRolePermissionsBoundary", ...role, permissionsBoundaryArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
  { kind: "DeleteRolePermissionsBoundary", ...role },
  { kind: "PutRolePolicy", ...role, policyName: "s3", document: "{}", changes: [] },
  { kind: "DeleteRolePolicy", ...role, policyName: "s3" },
  { kind: "AttachRolePolicy", ...role, policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
  { kind: "DetachRolePolicy", ...role, policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
  { kind: "CreatePolicy", ownPolicyArn, description: "", document: "{}", tags: {} },
  { kind: "CreatePolicyVersion", ownPolicyArn, document: "{}", changes: [] },
  { kind: "DeletePolicyVersion", ownPolicyArn, versionId: "v1" },
  { kind: "DeletePolicy", ownPolicyArn },
  { kind: "TagPolicy", ownPolicyArn, tags: { a: "1" } },
  { kind: "UntagPolicy", ownPolicyArn, tagKeys: ["a"] },
  { kind: "TagRole", ...role, tags: { a: "1" } },
  { kind: "UntagRole", ...role, tagKeys: ["a"] },
  { kind: "CreateInstanceProfile", ...profile, path: "/", tags: {} },
  { kind: "DeleteInstanceProfile", ...profile },
  { kind: "AddRoleToInstanceProfile", ...profile, ...role },
  { kind: "RemoveRoleFromInstanceProfile", ...profile, ...role },
  { kind: "TagInstanceProfile", ...profile, tags: { a: "1" } },
  { kind: "UntagInstanceProfile", ...profile, tagKeys: ["a"] },
];

async function everything<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
}
