import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { useAws } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { runCli } from "./run-cli.ts";

const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const OF_ACCOUNT = "arn:aws:iam::123456789012:policy/";
const READ = (action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: action, Resource: "*" } });
const SCAN_READS = { ListRoles: 1, GetAccountAuthorizationDetails: 1 };
const READS_OF_ROLES = ["GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"];

let aws: AwsSandbox;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  restoreEnvironment = useAws(aws.url, "exporter");
});
beforeEach(() => {
  aws.reset();
  aws.denyActions.clear();
});
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

const request = (action: string, parameters: Readonly<Record<string, string>>) => outsider(aws.url, action, parameters);

/** Creates a role with all that a manifest can say, in an instance profile. Its managed policy has two versions. */
async function makeRole(name: string): Promise<void> {
  const RoleName = name;
  await request("CreateRole", {
    RoleName,
    Path: "/team/",
    AssumeRolePolicyDocument: EC2_TRUST,
    Description: `Role of ${name}`,
    MaxSessionDuration: "7200",
    PermissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess",
    "Tags.member.1.Key": "team",
    "Tags.member.1.Value": "web",
    "Tags.member.2.Key": "App",
    "Tags.member.2.Value": name,
  });
  for (const [PolicyName, action] of [
    ["write", "s3:PutObject"],
    ["Read", "s3:GetObject"],
    ["list", "s3:ListBucket"],
  ] as const) {
    await request("PutRolePolicy", { RoleName, PolicyName, PolicyDocument: READ(action) });
  }
  const PolicyArn = `${OF_ACCOUNT}${name}`;
  await request("CreatePolicy", { PolicyName: name, Description: `of ${name}`, PolicyDocument: READ("sqs:*") });
  await request("CreatePolicyVersion", { PolicyArn, PolicyDocument: READ("sqs:SendMessage"), SetAsDefault: "true" });
  for (const arn of [PolicyArn, SSM]) await request("AttachRolePolicy", { RoleName, PolicyArn: arn });
  await makeProfile(name, RoleName);
}

async function makeProfile(InstanceProfileName: string, RoleName?: string): Promise<void> {
  const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "web" };
  await request("CreateInstanceProfile", { InstanceProfileName, ...tag });
  if (RoleName !== undefined) await request("AddRoleToInstanceProfile", { InstanceProfileName, RoleName });
}

const exported = (...options: readonly string[]) => runCli(["export", "--iam-read-qps", "1000", ...options]);

/** The export, and the requests that it took. */
async function counted(...options: readonly string[]) {
  aws.calls.reset();
  const { status, out } = await exported(...options);
  return { status, out, calls: aws.calls.counts() };
}

test.each([[], ["--with-managed-policies"], ["--tag", "team=web"]])(
  "an export of ten reads roles by a scan of the account, and writes what it writes by single reads: %j",
  async (...options) => {
    for (let i = 0; i < 8; i++) await makeRole(`Job-${i}`);
    await makeProfile("second", "Job-0");
    await makeProfile("hollow");

    const scanned = await counted("--path-prefix", "/", ...options);
    expect(scanned.calls).toMatchObject({ ...SCAN_READS, ListInstanceProfiles: 2, GetInstanceProfile: 10 });
    expect(READS_OF_ROLES.filter((action) => action in scanned.calls)).toEqual([]);
    expect(scanned.calls["GetPolicyVersion"]).toBeUndefined();

    aws.denyActions.add("iam:GetAccountAuthorizationDetails");
    const single = await counted("--path-prefix", "/", ...options);
    expect(single.calls).toMatchObject({ GetRole: 9, GetRolePolicy: 27 });
    expect(scanned).toMatchObject({ status: 0, out: single.out });
  },
);

test("an export of nine scans nothing", async () => {
  for (let i = 0; i < 9; i++) await makeProfile(`empty-${i}`);
  await makeRole("web");
  const names = ["web", ...Array.from({ length: 8 }, (_, i) => `empty-${i}`)];
  const { status, calls } = await counted(...names.flatMap((name) => ["--instance-profile", name]));
  expect([status, calls]).toEqual([
    0,
    { GetInstanceProfile: 9, GetRole: 1, ListRolePolicies: 1, ListAttachedRolePolicies: 1, GetRolePolicy: 3 },
  ]);
});
