import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { assumeShippedRole } from "../../support/shipped-role.ts";
import { manifestText, runCli } from "./run-cli.ts";

const COUNT = 50;
const CLUSTER = "cluster-9";
const REGION = "us-east-1";
const NAMES = Array.from({ length: COUNT }, (_, i) => `app-${String(i).padStart(2, "0")}`);
const READ_S3 = { Effect: "Allow", Action: "s3:Get*", Resource: "*" };

let aws: AwsSandbox;
let folder: string;
let restoreEnvironment: () => void;
let accessKeyId: string;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  for (const name of NAMES) await make(name);
  folder = mkdtempSync(join(tmpdir(), "repository-"));
  for (const name of NAMES) write(name);
  const credentials = await assumeShippedRole(aws.url, ["plan-policy.json"]);
  accessKeyId = credentials.accessKeyId;
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
afterAll(async () => {
  restoreEnvironment();
  rmSync(folder, { recursive: true, force: true });
  await aws.close();
});

/** What the controller of a cluster has made of a manifest. */
async function make(name: string): Promise<void> {
  const owner = (applied: string) => {
    const tags = { "cluster-id": CLUSTER, namespace: "team-a", name, uid: name, applied };
    return Object.fromEntries(
      Object.entries(tags).flatMap(([key, value], i) => [
        [`Tags.member.${i + 1}.Key`, `iam.instanceprofile.dev/${key}`],
        [`Tags.member.${i + 1}.Value`, value],
      ]),
    );
  };
  const role = { RoleName: name, AssumeRolePolicyDocument: EC2_TRUST, ...owner("v1.66.BZzBM1.") };
  await outsider(aws.url, "CreateRole", role);
  await outsider(aws.url, "PutRolePolicy", {
    RoleName: name,
    PolicyName: "app",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: READ_S3 }),
  });
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: name, ...owner("v1.66..") });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name });
}

function fileOf(name: string): string {
  const team = join(folder, `team-${Number(name.slice(-2)) % 5}`);
  mkdirSync(team, { recursive: true });
  return join(team, `${name}.yaml`);
}

function write(name: string, spec: object = {}): void {
  writeFileSync(fileOf(name), manifestText({ roleName: name, policyName: "app", ...spec }, { name }));
}

/** The command over the whole folder, and the calls that it made, by action. */
async function plan(...options: readonly string[]) {
  aws.calls.reset();
  const ended = await runCli(["plan", "-f", folder, ...options]);
  const calls = aws.calls.matching({ accessKeyId });
  expect(calls.filter(({ isWrite }) => isWrite)).toEqual([]);
  expect(calls.filter(({ result }) => result !== "OK")).toEqual([]);
  const byAction = Map.groupBy(calls, ({ action }) => action);
  return { ...ended, calls: Object.fromEntries([...byAction].map(([action, all]) => [action, all.length])) };
}

const WHOLE_ACCOUNT = { GetAccountAuthorizationDetails: 1, ListRoles: 1, ListInstanceProfiles: 1 };

describe("the plan of a repository of fifty manifests, with the shipped read-only policy", () => {
  test("costs three calls for the account and one for each profile, and ends with 0 when all is in sync", async () => {
    const { status, out, calls } = await plan();
    expect([status, out.match(/: in sync/g)?.length]).toEqual([0, COUNT]);
    expect(calls).toEqual({ ...WHOLE_ACCOUNT, GetInstanceProfile: COUNT });
  });

  test("shows one edit and one new manifest for one call more, for the quotas, and ends with 2", async () => {
    write("app-07", { statements: [{ effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }] });
    writeFileSync(join(folder, "new.yaml"), manifestText({ roleName: "app-new" }, { name: "app-new" }));
    const { status, out, calls } = await plan("--cluster-id", CLUSTER);
    rmSync(join(folder, "new.yaml"));
    write("app-07");
    expect([status, calls]).toEqual([2, { ...WHOLE_ACCOUNT, GetInstanceProfile: COUNT, GetAccountSummary: 1 }]);
    expect(out).toContain("InstanceProfile team-a/app-07: 1 to change");
    expect(out).toContain("InstanceProfile team-a/app-new: 4 to add");
    expect(out).toContain("Plan: 49 in sync, 2 with changes, 0 blocked.");
  });

  test("shows a removed manifest as a removal, and ends with 2", async () => {
    renameSync(fileOf("app-11"), join(folder, "app-11.gone"));
    const { status, out, calls } = await plan("--since-live");
    renameSync(join(folder, "app-11.gone"), fileOf("app-11"));
    expect(status).toBe(2);
    expect(calls).toMatchObject(WHOLE_ACCOUNT);
    expect(out).toContain("InstanceProfile team-a/app-11: no manifest, 4 to remove");
    expect(out).toContain("Plan: 49 in sync, 1 with changes, 0 blocked.");
  });

  test("ends with 3 when one of them is somebody else's, also where only the instance profile is", async () => {
    write("app-20", { roleName: "app-20-new", instanceProfileName: "app-21" });
    const { status, out } = await plan("--cluster-id", CLUSTER);
    write("app-20");
    expect(status).toBe(3);
    expect(out).toContain("instance profile app-21 is owned by InstanceProfile team-a/app-21");
  });

  test("goes on object by object where the policy does not let it read the account", async () => {
    aws.denyActions.add("iam:ListRoles");
    const few = ["app-00", "app-01", "app-02", "app-03", "app-04", "app-05", "app-06", "app-07", "app-08", "app-09"];
    const { status, out } = await runCli(["plan", ...few.flatMap((name) => ["-f", fileOf(name)])]);
    aws.denyActions.clear();
    expect([status, out.match(/: in sync/g)?.length]).toEqual([0, few.length]);
  });
});

describe("the plan of a manifest with instances", () => {
  const WEB = { app: "web" };
  let ec2: Ec2User;
  let ids: readonly string[];

  beforeAll(async () => {
    ec2 = new Ec2User(aws.url, REGION);
    ids = (await ec2.run({ tags: WEB, count: 2 })).toSorted();
  });
  afterAll(() => ec2.close());

  test("shows the association of each as a write like any other, for two calls of EC2", async () => {
    write("app-30", { instances: { region: REGION, selector: { matchTags: WEB } } });
    const { status, out, calls } = await plan();
    write("app-30");
    expect(status).toBe(2);
    for (const id of ids) expect(out).toMatch(new RegExp(`^ {2}\\+ .*${id}`, "m"));
    expect(calls).toMatchObject({ DescribeInstances: 1, DescribeIamInstanceProfileAssociations: 1 });
  });

  test("is blocked by them when it was removed, as its deletion would be", async () => {
    await ec2.associate(ids[0] ?? "", "app-31");
    renameSync(fileOf("app-31"), join(folder, "app-31.gone"));
    const { status, out } = await plan("--since-live");
    renameSync(join(folder, "app-31.gone"), fileOf("app-31"));
    expect(status).toBe(3);
    expect(out).toContain(`instance profile app-31 is in use by ${ids[0]} (${REGION})`);
  });
});
