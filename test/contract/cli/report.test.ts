import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import { readShippedCrds } from "../../../src/cli/manifests/crd-file.ts";
import { desiredState } from "../../../src/model/desired-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import tracked from "../../../src/sandbox/aws/iam/tracked-actions.json" with { type: "json" };
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { CLUSTER_ID, NOTHING } from "../../support/builders.ts";
import { connectDirectly } from "../../support/direct-aws.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { KubeApi as Client, KubeJson } from "../../support/kube-api.ts";
import { outsider } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { RoleUser } from "../../support/role-user.ts";
import { assumeShippedRole } from "../../support/shipped-role.ts";
import { type Ended, manifestText, runCli } from "./run-cli.ts";

const DAY_MS = 86_400_000;
const ACCOUNT = "123456789012";
const FAR = "999999999999";
const { signal } = new AbortController();
/** Lets whoever is of the account assume the role. */
const TRUST = {
  statements: [{ effect: "Allow", principals: { aws: [ACCOUNT] }, actions: ["sts:AssumeRole"] }],
};

let folder: string;
let kube: KubeApi;
let cluster: Client;
let aws: AwsSandbox;
let connection: AwsConnection;
let nowMs: number;
let restoreEnvironment: () => void;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "report-"));
  kube = await startKubeApi({ definitions: readShippedCrds() });
  cluster = plainKubeApi(kube.url);
  writeFileSync(join(folder, "kubeconfig"), kube.kubeconfig());
  aws = await startAwsSandbox({ now: () => nowMs });
  connection = connectDirectly(aws);
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "reader",
    AWS_SECRET_ACCESS_KEY: "very-secret-key",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  for (const name of ["team-a", "team-b"])
    await cluster.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
});
beforeEach(async () => {
  aws.reset();
  nowMs = Date.UTC(2026, 0, 1);
  for (const namespace of ["team-a", "team-b"]) {
    const { items } = await cluster.expectOk({ method: "GET", path: pathOf(namespace) });
    for (const { metadata } of items as readonly { readonly metadata: { readonly name: string } }[])
      await cluster.expectOk({ method: "DELETE", path: `${pathOf(namespace)}/${metadata.name}` });
  }
});
afterAll(async () => {
  restoreEnvironment();
  connection.close();
  rmSync(folder, { recursive: true });
  await Promise.all([kube.close(), aws.close()]);
});

function pathOf(namespace: string): string {
  return `/apis/iam.instanceprofile.dev/v1beta1/namespaces/${namespace}/instanceprofiles`;
}

const reportEverywhere = (...args: readonly string[]): Promise<Ended> =>
  runCli(["report", "--kubeconfig", join(folder, "kubeconfig"), ...args], { clock: clockAt(nowMs) });

/** In one region, which takes a few requests to EC2 and not some dozens. */
const report = (...args: readonly string[]): Promise<Ended> => reportEverywhere("--region", "eu-west-1", ...args);

/** A clock that stands, and in which sleeps take no time. */
function clockAt(epochMs: number): FakeClock {
  const clock = new FakeClock();
  return Object.assign(clock, { nowMs: () => epochMs, sleep: async () => {} });
}

/** An object with what it has in AWS, as the controller leaves it. */
async function made(
  name: string,
  spec: object = {},
  status: object = {},
  namespace = "team-a",
  { account, iamWriter }: { account: string } & Pick<AwsConnection, "iamWriter"> = { ...connection, account: ACCOUNT },
): Promise<RoleUser> {
  const body = JSON.parse(manifestText({ roleName: name, trust: TRUST, ...spec }, { name, namespace })) as KubeJson;
  const created = await cluster.expectOk({ method: "POST", path: pathOf(namespace), body });
  const desired = desiredState(parseInstanceProfile(created as never), CLUSTER_ID);
  for (const action of diff(desired, NOTHING).actions) await iamWriter.perform(action, signal);
  const arn = (kind: string): string => `arn:aws:iam::${account}:${kind}/${name}`;
  const role = { name, arn: arn("role"), id: "AROAEXAMPLE" };
  const instanceProfile = { name, arn: arn("instance-profile"), id: "AIPAEXAMPLE" };
  await setStatus(name, { accountId: account, role, instanceProfile, ...status }, namespace);
  return RoleUser.assume(aws.url, role.arn);
}

async function setStatus(name: string, status: object, namespace = "team-a"): Promise<void> {
  const path = `${pathOf(namespace)}/${name}/status`;
  await cluster.expectOk({ method: "PATCH", path, body: { status }, contentType: "application/merge-patch+json" });
}

describe("report", () => {
  test("names roles by their last use in AWS, which status need not have", async () => {
    const old = await made("old");
    await old.call("sts", "GetCallerIdentity", "eu-west-1");
    await made("never");
    nowMs += 100 * DAY_MS;
    const busy = await made("busy", {}, { lastUsed: { time: "2020-01-01T00:00:00Z" } }, "team-b");
    await busy.call("sts", "GetCallerIdentity");
    await made("new", {}, {}, "team-b");
    const { status, out } = await report();
    expect(status).toBe(2);
    expect(out).toContain(
      [
        "Roles without a known use in 90 days",
        "  team-a/never: role never: IAM knows no use since it was created on 2026-01-01",
        "  team-a/old: role old: last used 2026-01-01T00:00:00Z in eu-west-1",
      ].join("\n"),
    );
    expect(out).toContain("team-b/new: role: IAM knows no use, and it was created on 2026-04-11");
    expect(out).toContain("4 objects: 2 unused roles, 4 unused instance profiles, 0 roles with unmanaged policies");
    expect(out).toMatch(/^team-b {6}- {7}2 {9}0 {14}2 {17}0 {11}1$/m);
    const calls = aws.calls.matching({ accessKeyId: "reader" }).map(({ action }) => action);
    expect(calls.filter((action) => action === "GetAccountAuthorizationDetails")).toHaveLength(1);
    expect(calls.filter((action) => action.startsWith("GetRole"))).toEqual([]);
    expect((await report("--unused-for", "101d")).out).toContain("4 objects: 0 unused roles");
    expect((await report("--unused-for", "36h")).out).toContain("Roles without a known use in 36 hours\n");
    nowMs += 400 * DAY_MS;
    expect((await report()).out).toContain("  team-a/never: role never: IAM knows no use in 400 days");
  });

  test("does not call a profile unused that an instance or a launch template has, in any region", async () => {
    for (const name of ["web", "batch", "idle"]) await made(name);
    const run = new URLSearchParams({
      ...{ Action: "RunInstances", Version: "2016-11-15", ImageId: "ami-0123456789abcdef0" },
      ...COUNT,
    });
    run.set("IamInstanceProfile.Name", "web");
    await ec2(run, "eu-central-1");
    const template = new URLSearchParams({
      Action: "CreateLaunchTemplate",
      Version: "2016-11-15",
      LaunchTemplateName: "t",
    });
    template.set("LaunchTemplateData.IamInstanceProfile.Name", "batch");
    await ec2(template, "us-east-1");
    const { objects, summary } = JSON.parse((await reportEverywhere("-o", "json")).out);
    const states = Object.fromEntries(objects.map((one: Shown) => [one.name, one.instanceProfile]));
    expect(states).toMatchObject({
      web: { state: "used", instances: 1, launchTemplates: 0 },
      batch: { state: "used", instances: 0, launchTemplates: 1 },
      idle: { state: "unused" },
    });
    expect(summary).toEqual({ objects: 3, unusedRoles: 0, unusedProfiles: 1, unmanagedPolicies: 0 });
  });

  test.each([
    "ec2:DescribeRegions",
    "ec2:DescribeIamInstanceProfileAssociations",
    "ec2:DescribeLaunchTemplateVersions",
  ])("calls no profile unused without %s, and names what it may not read", async (permission) => {
    await made("idle");
    aws.denyActions.add(permission);
    const { status, out } = await (permission.endsWith("Regions") ? reportEverywhere() : report());
    expect(status).toBe(3);
    expect(out).toContain("instance profile: nothing that uses it was found, but not every region was searched");
    expect(out).toMatch(/^not read: .*(not authorized|AccessDenied)/m);
    expect(out).toContain("0 unused instance profiles");
  });

  test("takes the last use from status where the account may not be read, and knows nothing of a status without one", async () => {
    await made("old", {}, { lastUsed: { time: "2025-06-01T00:00:00Z", region: "eu-west-1" } });
    await made("silent");
    nowMs += 100 * DAY_MS;
    aws.denyActions.add("iam:GetAccountAuthorizationDetails");
    const { status, out } = await report();
    expect(status).toBe(2);
    expect(out).toContain("  team-a/old: role old: last used 2025-06-01T00:00:00Z in eu-west-1");
    expect(out).toContain("team-a/silent: role: status has no last use, and the role was not read");
    expect(out).toContain("not read: the roles of the account, so that last uses are those of status");
  });

  test("names the accounts that it cannot read, and does not judge what objects have there", async () => {
    await made("here");
    const far = { arn: `arn:aws:iam::${FAR}:role/there`, name: "there", id: "AROATHERE" };
    await made("there", {}, { accountId: FAR, role: far, instanceProfile: far, class: CLASS });
    const { out } = await report("-o", "json", "-n", "team-a");
    const { objects, notRead, groups } = JSON.parse(out);
    expect(objects[1]).toMatchObject({
      ...{ className: "teams", role: { state: "unknown" } },
      instanceProfile: { state: "unknown", why: `account ${FAR} was not read` },
    });
    expect(notRead).toEqual([expect.stringContaining("no class has a role of that account")]);
    expect(groups.map((group: object) => Object.values(group).slice(0, 3))).toEqual([
      ["team-a", 1, 0],
      ["team-a", "teams", 1],
    ]);
  });

  test("reads each account with the first role of its classes that trusts the user, by one scan, and says why a role cannot be assumed", async () => {
    const far = connectDirectly(aws, { accessKeyId: FAR, secretAccessKey: "test" });
    const classes = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
    const kind = { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfileClass" };
    const names = { absent: "absent-reader", teams: "reader" };
    for (const [name, role] of Object.entries(names)) {
      const account = { id: FAR, roleArn: `arn:aws:iam::${FAR}:role/${role}` };
      const spec = { account, namespaces: ["team-a"], allowedActions: ["*"] };
      await cluster.expectOk({ method: "POST", path: classes, body: { ...kind, metadata: { name }, spec } });
    }
    try {
      await made("here");
      await made("there", {}, { class: CLASS }, "team-a", { ...far, account: FAR });
      nowMs += 100 * DAY_MS;
      const refused = await report();
      expect(refused.out).toMatch(new RegExp(`^not read: account ${FAR}, so that .*role/absent-reader`, "m"));
      expect(refused.out).toContain("1 unused role");
      expect((await report("--access", "team-a/there")).out).toContain(
        `the role is in account ${FAR}, which was not read`,
      );
      const statements = [{ effect: "Allow", actions: ["iam:*", "ec2:*"], resources: ["*"] }];
      await made("reader", { statements }, {}, "team-b", { ...far, account: FAR });
      const { out } = await report("-n", "team-a");
      expect(out).not.toContain("not read");
      expect(out).toContain("2 objects: 2 unused roles, 2 unused instance profiles");
      const scans = aws.calls.matching({ action: "GetAccountAuthorizationDetails" });
      expect(scans.map(({ accessKeyId }) => accessKeyId === "reader").toSorted()).toEqual([false, true, true]);
      expect(await report("--access", "team-a/there", "--drop-unused-services")).toMatchObject({
        ...{ status: 2, out: expect.stringContaining("1 of 1 actions are unused") },
      });
    } finally {
      far.close();
      for (const name of Object.keys(names)) await cluster.expectOk({ method: "DELETE", path: `${classes}/${name}` });
    }
  });

  test("lists unmanaged policies, and escapes what a user chose", async () => {
    await made("app", {}, { unmanagedPolicies: ["debug\u001b[31m", "<b>x</b>|y"] });
    const text = (await report()).out;
    expect(text).toContain("  team-a/app: debug\\u001b[31m, <b>x</b>|y");
    const markdown = (await report("-o", "markdown")).out;
    expect(markdown).toContain("### Roles with policies that the spec does not name");
    for (const raw of ["<b>", "\u001b"]) expect(markdown).not.toContain(raw);
  });

  test("reports nothing of an object whose role another cluster has adopted", async () => {
    await made("moved", {}, { handedOverTo: "other-cluster", unmanagedPolicies: ["debug"] });
    nowMs += 100 * DAY_MS;
    const { status, out } = await report();
    expect(out).toContain("1 object: 0 unused roles, 0 unused instance profiles, 0 roles with unmanaged policies");
    expect(status).toBe(0);
    const access = await report("--access", "team-a/moved");
    expect(access.out).toContain("the role is handed over to cluster other-cluster. Run the command there");
    expect(access.status).toBe(3);
  });

  test("finds nothing in an empty cluster, and explains a wrong command line", async () => {
    expect((await report()).status).toBe(0);
    const wrong = [["app"], ["--unused-for", "401d"], ["--access"], ["-o", "yaml"], ["--drop-unused-services"]];
    const ended = await Promise.all(wrong.map((args) => report(...args)));
    expect(ended.map(({ status }) => status)).toEqual(wrong.map(() => 1));
    expect(ended[1]?.err).toContain("--unused-for: IAM keeps the uses of 400 days; write 400d or less");
    expect((await report("--access", "gone")).err).toContain(
      "InstanceProfile gone does not exist in namespace default",
    );
    expect((await report("-f", "any.yaml")).err).toContain("-f requires --access");
  });

  test("says on standard error where there is no object, and ends as if there were nothing to find", async () => {
    await made("new");
    const { status, out, err } = await report("-n", "nope", "-n", "team-a", "-o", "json");
    expect([status, err.trim()]).toEqual([2, "No InstanceProfiles found in namespace nope."]);
    expect(JSON.parse(out).objects).toHaveLength(1);
    expect(await report("-n", "nope")).toMatchObject({ status: 0, err: expect.stringContaining("namespace nope") });
  });
});

const COUNT = { MinCount: "1", MaxCount: "1" };
const CLASS = { name: "teams", accountId: FAR, acceptedTime: "2026-01-01T00:00:00.000Z" };

interface Shown {
  readonly name: string;
  readonly instanceProfile: object;
}

async function ec2(body: URLSearchParams, region: string): Promise<void> {
  const scope = `developer/20260101/${region}/ec2/aws4_request`;
  const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` };
  const answer = await fetch(aws.url, { method: "POST", body, headers });
  if (!answer.ok) throw new Error(await answer.text());
}

describe("report --access", () => {
  const FORTY = [...tracked.ec2.map((name) => `ec2:${name}`), ...tracked.iam.map((name) => `iam:${name}`)]
    .filter((action) => !/Tag|ServiceLinked/.test(action))
    .slice(0, 37)
    .concat("s3:GetObject", "iam:PassRole", "s3:ListAllMyBuckets");
  const statements = [
    { sid: "Forty", effect: "Allow", actions: FORTY, resources: ["*"] },
    { effect: "Deny", actions: ["ec2:StopInstances"], resources: ["*"] },
  ];

  /** A role that uses three of its forty actions. */
  async function threeOfForty(): Promise<void> {
    expect(new Set(FORTY).size).toBe(40);
    const user = await made("forty", { statements });
    await user.call("ec2", "DescribeInstances", "eu-west-1");
    await user.call("ec2", "DescribeRegions", "eu-west-1");
    await user.call("iam", "ListRoles");
    nowMs += 100 * DAY_MS;
  }

  test("proposes a manifest with the three of forty actions that the role uses and the two that IAM does not track, which validates and plans", async () => {
    await threeOfForty();
    const { status, out, err } = await report("--access", "team-a/forty", "-o", "yaml");
    expect([status, err]).toEqual([2, ""]);
    const proposed = parse(out);
    expect(proposed.spec.statements).toEqual([
      {
        ...statements[0],
        actions: ["ec2:DescribeInstances", "ec2:DescribeRegions", "iam:ListRoles", "s3:GetObject", "iam:PassRole"],
      },
      statements[1],
    ]);
    expect(Object.keys(proposed.spec).sort()).toEqual(["roleName", "statements", "trust"]);
    const file = join(folder, "forty.yaml");
    writeFileSync(file, out);
    expect((await runCli(["validate", "-f", file])).status).toBe(0);
    const planned = await runCli(["plan", "-f", file, "--cluster-id", CLUSTER_ID, "--region", "eu-west-1"]);
    expect(planned.status).toBe(2);
    expect(planned.out).toContain("Grants no new access.");
    expect(planned.out).toContain("~ inline policy forty of role forty");
    expect(aws.calls.matching({ accessKeyId: "reader" }).filter(({ isWrite }) => isWrite)).toEqual([]);
  });

  test("proposes changes to the manifests of -f, as they are written", async () => {
    await threeOfForty();
    const file = join(folder, "written.yaml");
    const spec = {
      roleName: "forty",
      path: "/",
      trust: TRUST,
      statements: [{ ...statements[0], actions: ["ec2:CreateVolume", "ec2:DescribeInstances"] }],
    };
    const written = JSON.parse(manifestText(spec, { name: "forty", namespace: "team-a" }));
    writeFileSync(file, JSON.stringify(written));
    const { status, out, err } = await report("--access", "-f", file, "-o", "yaml");
    expect([status, err]).toEqual([2, ""]);
    const { statements: kept, ...rest } = parse(out).spec;
    expect([kept[0].actions, rest]).toEqual([
      ["ec2:DescribeInstances"],
      { roleName: "forty", path: "/", trust: TRUST },
    ]);
    expect((await report("--access", "forty", "-f", file)).err).toContain("not both");
    writeFileSync(file, JSON.stringify({ ...written, spec: { ...spec, roleName: 1 } }));
    expect(await report("--access", "-f", file)).toMatchObject({
      status: 1,
      err: expect.stringContaining("nothing was reported"),
    });
  });

  test("needs the shipped policy of report and no other permission", async () => {
    await threeOfForty();
    const { accessKeyId, secretAccessKey, sessionToken } = await assumeShippedRole(aws.url, ["report-policy.json"]);
    const restore = rememberEnvironment();
    const session = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    Object.assign(process.env, { ...session, AWS_SESSION_TOKEN: sessionToken });
    try {
      expect(JSON.parse((await reportEverywhere("-o", "json")).out).notRead).toEqual([]);
      expect((await report("--access", "team-a/forty")).status).toBe(2);
    } finally {
      restore();
    }
    expect(aws.calls.matching({ accessKeyId }).filter(({ result }) => result !== "OK")).toEqual([]);
  });

  test("shows what is used, removed and kept, and the diff of the manifest", async () => {
    await threeOfForty();
    const { out } = await report("--access", "forty", "-n", "team-a");
    const lines = out.split("\n");
    expect(lines[0]).toBe("InstanceProfile team-a/forty: 35 of 40 actions are unused");
    expect(lines).toContain("  used 2026-01-01: ec2:DescribeInstances, ec2:DescribeRegions, iam:ListRoles");
    expect(lines).toContain("  kept, IAM does not track iam:PassRole, which other requests need: iam:PassRole");
    expect(out).toContain("removed, IAM tracks it and knows no request: ec2:AssociateIamInstanceProfile");
    expect(out).toContain("--- team-a/forty\n+++ team-a/forty (proposed)\n@@ ");
    expect(lines.filter((line) => /^- +- \w+:\w+$/.test(line))).toHaveLength(35);
    expect(out).toContain("IAM tracks 400 days, and shows a request up to four hours later.");
  });

  test("proposes nothing for a role that IAM has not watched for long enough", async () => {
    await made("young", { statements });
    nowMs += 10 * DAY_MS;
    const { status, out } = await report("--access", "team-a/young");
    expect(status).toBe(0);
    expect(out).toContain("the role was created on 2026-01-01, so IAM has not watched it for 90 days");
    expect((await report("--access", "team-a/young", "--unused-for", "9d")).status).toBe(2);
  });

  test("removes patterns of services without a request only when it is told to", async () => {
    const user = await made("wide", {
      statements: [{ effect: "Allow", actions: ["s3:*", "sqs:*"], resources: ["*"] }],
    });
    await user.call("iam", "ListRoles");
    nowMs += 100 * DAY_MS;
    expect(await report("--access", "team-a/wide")).toMatchObject({ status: 0 });
    const { objects } = JSON.parse(
      (await report("--access", "team-a/wide", "--drop-unused-services", "-o", "json")).out,
    );
    expect(objects[0].actions).toEqual([
      { action: "s3:*", verdict: "unused", why: "no request to the service" },
      { action: "sqs:*", verdict: "unused", why: "no request to the service" },
    ]);
    expect(objects[0].manifest.spec).not.toHaveProperty("statements");
  });

  test.each([
    ["iam:GenerateServiceLastAccessedDetails", "Grant your credentials deploy/aws/report-policy.json."],
    ["iam:GetServiceLastAccessedDetails", "Grant your credentials deploy/aws/report-policy.json."],
  ])("says what is missing without %s", async (permission, advice) => {
    await made("app");
    nowMs += 100 * DAY_MS;
    aws.denyActions.add(permission);
    const { status, out } = await report("--access", "team-a/app");
    expect(status).toBe(3);
    expect(out).toContain("InstanceProfile team-a/app: no proposal");
    expect(out).toContain(advice);
  });

  test("says that an endpoint may not have such reports, when it answers like moto", async () => {
    await made("app");
    nowMs += 100 * DAY_MS;
    aws.onRequest(({ action }) =>
      action.startsWith("GenerateService")
        ? { kind: "error", code: "InternalFailure", status: 501, message: "The action has not been implemented" }
        : undefined,
    );
    const { status, out } = await report("--access", "team-a/app");
    expect(status).toBe(3);
    expect(out).toContain("This IAM endpoint may not implement reports on access, as moto does not.");
  });

  test("leaves roles alone that are not there, that others manage, and that are of another account", async () => {
    await made("gone");
    await outsider(aws.url, "RemoveRoleFromInstanceProfile", { InstanceProfileName: "gone", RoleName: "gone" });
    await outsider(aws.url, "DeleteRolePolicy", { RoleName: "gone", PolicyName: "gone" });
    await outsider(aws.url, "DeleteRole", { RoleName: "gone" });
    await made("far");
    await setStatus("far", { accountId: "999999999999" });
    await made("none");
    await setStatus("none", { role: null });
    const external = { roleName: "theirs", role: { management: "External" } };
    const manifest = JSON.parse(manifestText(external, { name: "theirs" })) as { spec: { statements?: unknown } };
    delete manifest.spec.statements;
    await cluster.expectOk({ method: "POST", path: pathOf("team-a"), body: manifest as never });
    const { status, out } = await report("--access", "gone", "far", "none", "theirs", "-n", "team-a");
    expect(out).toContain("others manage the role and its policies (spec.role.management: External)");
    expect(status).toBe(3);
    expect(out).toContain("the role does not exist in AWS");
    expect(out).toContain(
      "the role is in account 999999999999, which was not read: no class has a role of that account",
    );
    expect(out).toContain("the object has no role in AWS");
  });
});
