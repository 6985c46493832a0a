import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { ACCOUNT, filledDocument, iamActionsUnder, PAGE, shownValues } from "../../support/aws-side.ts";
import type { Manifest } from "../../support/cluster-user.ts";
import { ALLOW_ALL, EC2_TRUST } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { sessionOf } from "../../support/shipped-role.ts";
import { testsOn, untilGone, untilReady } from "../controller/stories.ts";
import { ROOT } from "../docs/document.ts";

// The AWS CLI commands of the page, on the sandbox, which holds whoever has a role's credentials to the role's policies.

const RoleName = "instance-profile-controller";
const arn = (rest: string): string => `arn:aws:iam::${ACCOUNT}:${rest}`;
const BOUNDARY = arn("policy/k8s-boundary");
const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";
const DEVELOPERS = { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" };

const test = testsOn(async () => {
  const rig = await SandboxRig.open();
  const values = shownValues().replace("CLUSTER_ID|my-cluster", `CLUSTER_ID|${await clusterIdOf(rig)}`);
  const trust = filledDocument("trust-pod-identity", values);
  const files = {
    "boundary-policy.json": filledDocument("boundary-policy", values),
    "controller-policy.json": filledDocument("controller-policy", values),
    "trust.json": trust,
  };
  for (const [action, params] of iamActionsUnder("By AWS CLI", files)) await rig.outsider(action, params);
  // The sandbox has no EKS that could assume the role.
  const PolicyDocument = JSON.stringify({ ...trust, Statement: [...trust.Statement, DEVELOPERS] });
  await rig.outsider("UpdateAssumeRolePolicy", { RoleName, PolicyDocument });
  rig.credentials = await sessionOf(rig.aws.url, RoleName);
  return rig;
});

async function clusterIdOf({ kube }: SandboxRig): Promise<string> {
  const path = "/api/v1/namespaces/kube-system";
  const { metadata } = await plainKubeApi(kube.url).expectOk({ method: "GET", path });
  return (metadata as { readonly uid: string }).uid;
}

/** The first object of the page. */
function firstObject(): Manifest {
  const text = readFileSync(join(ROOT, PAGE), "utf8").replaceAll("111122223333", ACCOUNT);
  const shown = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(([, yaml = ""]) => parseAllDocuments(yaml));
  const manifests = shown.map((document) => document.toJS() as Manifest);
  const first = manifests.find(({ kind }) => kind === "InstanceProfile");
  if (first === undefined) throw new Error(`${PAGE} has no InstanceProfile`);
  return first;
}

function refused({ aws, credentials }: SandboxRig): readonly string[] {
  const calls = aws.calls.matching({ accessKeyId: credentials.accessKeyId });
  return calls.filter(({ result }) => /Denied|Unauthorized/.test(result ?? "")).map(({ action }) => action);
}

test("the role of the page creates and deletes the first object of the page, and no call is refused", async ({
  rig,
}) => {
  await rig.start();
  const { spec } = firstObject();
  await rig.user.apply({ ...firstObject(), metadata: { ...rig.key("first") }, spec });
  await untilReady(rig, "first");
  const { roles, instanceProfiles } = await rig.awsState("first");
  expect(Object.keys(instanceProfiles)).toEqual(["first"]);
  expect(roles["first"]).toMatchObject({ path: "/k8s/my-cluster/" });
  await rig.user.delete(rig.key("first"));
  await untilGone(rig, "first");
  expect(refused(rig)).toEqual([]);
  for (const [action, params] of iamActionsUnder("5. Clean up")) await rig.outsider(action, params);
  expect(Object.keys(rig.aws.snapshot().roles)).toEqual([]);
});

test("whoever has the credentials of the role gets no further", async ({ rig }) => {
  await rig.start();
  await rig.user.apply({ ...firstObject(), metadata: { ...rig.key("first") } });
  await untilReady(rig, "first");
  await rig.outsider("CreateRole", { RoleName: "admin", AssumeRolePolicyDocument: EC2_TRUST });
  const iam = new IAMClient({ endpoint: rig.aws.url, region: "us-east-1", credentials: rig.credentials });
  const create = { RoleName: "x", Path: "/k8s/my-cluster/", AssumeRolePolicyDocument: EC2_TRUST };
  const everything = { PolicyName: "x", PolicyDocument: ALLOW_ALL };
  const tag = { Key: "iam.instanceprofile.dev/cluster-id", Value: await clusterIdOf(rig) };
  const attempts = [
    new CreateRoleCommand({ ...create, Tags: [tag] }),
    new CreateRoleCommand({ ...create, Tags: [tag], Path: "/", PermissionsBoundary: BOUNDARY }),
    new CreateRoleCommand({ ...create, Tags: [tag], PermissionsBoundary: ADMINISTRATOR }),
    new CreateRoleCommand({ ...create, PermissionsBoundary: BOUNDARY }),
    new DeleteRolePermissionsBoundaryCommand({ RoleName: "first" }),
    new PutRolePermissionsBoundaryCommand({ RoleName: "first", PermissionsBoundary: ADMINISTRATOR }),
    new AttachRolePolicyCommand({ RoleName: "first", PolicyArn: ADMINISTRATOR }),
    new PutRolePolicyCommand({ RoleName, ...everything }),
    new AttachRolePolicyCommand({ RoleName, PolicyArn: ADMINISTRATOR }),
    new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: EC2_TRUST }),
    new TagRoleCommand({ RoleName, Tags: [tag] }),
    new DeleteRoleCommand({ RoleName }),
    new AddRoleToInstanceProfileCommand({ RoleName, InstanceProfileName: "first" }),
    new AddRoleToInstanceProfileCommand({ RoleName: "admin", InstanceProfileName: "first" }),
    new CreatePolicyVersionCommand({ PolicyArn: BOUNDARY, PolicyDocument: ALLOW_ALL, SetAsDefault: true }),
    new DeletePolicyCommand({ PolicyArn: BOUNDARY }),
  ];
  for (const attempt of attempts) {
    const name = `${attempt.constructor.name} ${JSON.stringify(attempt.input)}`;
    const outcome = iam.send(attempt as CreateRoleCommand).then(
      () => "allowed",
      (error: Error) => error.name,
    );
    expect([name, await outcome]).toEqual([name, expect.stringMatching(/AccessDenied/)]);
  }
  iam.destroy();
});
