import { expect } from "vitest";
import { readyOf } from "../../support/cluster-user.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import { ALLOW_ALL, EC2_TRUST } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { assumeShippedRole } from "../../support/shipped-role.ts";
import { testsOn, until, untilGone, untilReady } from "../controller/stories.ts";

// The sandbox holds whoever has a role's credentials to the role's policies: so the shipped one can be tried.

const PATH = "/k8s/my-cluster/";
const arn = (rest: string): string => `arn:aws:iam::123456789012:${rest}`;
const BOUNDARY = arn("policy/k8s-boundary");
const inside = { path: PATH, permissionsBoundaryArn: BOUNDARY };

/** A rig whose controllers have the credentials of a role with these policies, and no others. */
async function openWith(...files: readonly string[]): Promise<SandboxRig> {
  const rig = await SandboxRig.open();
  await rig.outsider("CreatePolicy", { PolicyName: "k8s-boundary", PolicyDocument: ALLOW_ALL });
  const kubeSystem = await plainKubeApi(rig.kube.url).expectOk({
    method: "GET",
    path: "/api/v1/namespaces/kube-system",
  });
  const { uid } = kubeSystem["metadata"] as { readonly uid: string };
  rig.credentials = await assumeShippedRole(rig.aws.url, files, uid);
  return rig;
}

const OWN = { name: "own", statements: [{ effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }] };

/** The calls that the controller was refused. */
function refused(rig: SandboxRig): readonly string[] {
  const { accessKeyId } = rig.credentials;
  const calls = rig.aws.calls.matching({ accessKeyId });
  expect(calls.length).toBeGreaterThan(0);
  return calls.filter(({ result }) => /Denied|Unauthorized/.test(result ?? "")).map(({ action }) => action);
}

const test = testsOn(() => openWith("controller-policy.json"));
const testWithAdoption = testsOn(() => openWith("controller-policy.json", "adoption-policy.json"));

test("with the shipped policy a profile is made, changed in every part and removed, and no call is refused", async ({
  rig,
}) => {
  await rig.start();
  const key = rig.key("app");
  await rig.user.apply(
    rig.manifest(key, { ...inside, tags: { team: "red" }, description: "one", managedPolicies: [OWN] }),
  );
  await untilReady(rig, "app");
  const edited = {
    ...inside,
    description: "two",
    tags: { cost: "low" },
    maxSessionDurationSeconds: 7_200,
    managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    policyName: "other",
    managedPolicies: [{ name: "own", statements: [{ effect: "Allow", actions: ["s3:List*"], resources: ["*"] }] }],
    trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"] },
    statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }],
  };
  await rig.user.apply(rig.manifest(key, edited));
  await until(async () => expect((await rig.user.read(key))?.status?.observedGeneration).toBe(2));
  await untilReady(rig, "app");
  await rig.user.apply(rig.manifest(key, inside));
  await until(async () => expect((await rig.user.read(key))?.status?.observedGeneration).toBe(3));
  await untilReady(rig, "app");
  await rig.user.delete(key);
  await untilGone(rig, "app");
  expect(refused(rig)).toEqual([]);
  expect(new Set(rig.aws.calls.writes({ accessKeyId: rig.credentials.accessKeyId }))).toEqual(
    new Set([
      "CreateRole",
      "CreatePolicy",
      "CreatePolicyVersion",
      "DeletePolicyVersion",
      "DeletePolicy",
      "TagPolicy",
      "UntagPolicy",
      "PutRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
      "UpdateRole",
      "UpdateAssumeRolePolicy",
      "AttachRolePolicy",
      "DetachRolePolicy",
      "TagRole",
      "UntagRole",
      "TagInstanceProfile",
      "UntagInstanceProfile",
      "DeleteRolePolicy",
      "RemoveRoleFromInstanceProfile",
      "DeleteInstanceProfile",
      "DeleteRole",
    ]),
  );
});

test.for([
  ["outside the path", { permissionsBoundaryArn: BOUNDARY }, "CreateRole"],
  ["without the boundary", { path: PATH }, "CreateRole"],
  [
    "with another boundary",
    { path: PATH, permissionsBoundaryArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
    "CreateRole",
  ],
  [
    "with a managed policy that is not listed",
    { ...inside, managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
    "AttachRolePolicy",
  ],
] as const)("with the shipped policy AWS itself refuses a role %s", async ([, spec, action], { rig }) => {
  await rig.start();
  await rig.user.apply(rig.manifest(rig.key("app"), spec));
  await until(async () => expect(readyOf(await rig.user.read(rig.key("app")))).toBe("False AccessDenied"));
  expect(new Set(refused(rig))).toEqual(new Set([action]));
});

const testPlanning = testsOn(() => openWith("plan-policy.json"));

testPlanning(
  "with the policy of plan a dry run reports what it would write, in IAM and on instances, and no call is refused",
  async ({ rig }) => {
    const ec2 = new Ec2User(rig.aws.url, REGION);
    await ec2.runOne({ tags: { app: "web" } });
    await rig.outsider("CreateRole", { RoleName: "taken", AssumeRolePolicyDocument: EC2_TRUST });
    await rig.start({ isDryRun: true });
    const instances = { region: REGION, selector: { matchTags: { app: "web" } } };
    await rig.user.apply(rig.manifest(rig.key("app"), { ...inside, instances, managedPolicies: [OWN] }));
    await rig.user.apply(rig.manifest(rig.key("taken")));
    await until(async () => expect(readyOf(await rig.user.read(rig.key("taken")))).toBe("False AlreadyExists"));
    await until(async () =>
      expect((await rig.user.read(rig.key("app")))?.status?.conditions).toMatchObject([
        { type: "DryRun", status: "True" },
        { type: "InstancesAssociated", reason: "InstancesPending" },
      ]),
    );
    expect(refused(rig)).toEqual([]);
    expect(rig.aws.calls.writes({ accessKeyId: rig.credentials.accessKeyId })).toEqual([]);
    ec2.close();
  },
);

const REGION = "us-east-1";
const TAG = { "k8s-cluster": "my-cluster" };

test("with the shipped policy instances of the cluster's tag get the profile and lose it, and no call is refused", async ({
  rig,
}) => {
  const ec2 = new Ec2User(rig.aws.url, REGION);
  const [running, stopped] = [await ec2.runOne({ tags: { ...TAG, app: "web" } }), await ec2.runOne({ tags: TAG })];
  await ec2.stop(stopped);
  await ec2.tag(stopped, { app: "web" });
  await rig.start();
  const selecting = (app: string) => ({ instances: { region: REGION, selector: { matchTags: { app } } } });
  await rig.user.apply(rig.manifest(rig.key("app"), { ...inside, ...selecting("web") }));
  const profiles = () => Promise.all([running, stopped].map((id) => ec2.profileOf(id)));
  await until(async () => expect(await profiles()).toEqual(["app", "app"]));
  // The policy knows the instances of the cluster by this tag; what the controller associated it may undo without.
  await ec2.untag(running, "k8s-cluster");
  await rig.user.apply(rig.manifest(rig.key("app"), { ...inside, ...selecting("db") }));
  await until(async () => expect(await profiles()).toEqual([undefined, undefined]));
  await until(async () => expect(await ec2.tagsOf(running)).toEqual({ app: "web" }));
  await rig.user.delete(rig.key("app"));
  await untilGone(rig, "app");
  expect(refused(rig)).toEqual([]);
  ec2.close();
});

const EXISTING = { AssumeRolePolicyDocument: EC2_TRUST, PermissionsBoundary: BOUNDARY };
const ADOPTED_PATH = "/app/";

test("with the shipped policy alone AWS refuses to adopt what exists under the path", async ({ rig }) => {
  await rig.outsider("CreateRole", { RoleName: "app", Path: PATH, ...EXISTING });
  await rig.start();
  await rig.user.apply(rig.manifest(rig.key("app"), { ...inside, adoptionPolicy: "IfExists" }));
  await until(async () => expect(readyOf(await rig.user.read(rig.key("app")))).toBe("False AccessDenied"));
  expect(new Set(refused(rig))).toEqual(new Set(["TagRole"]));
});

testWithAdoption("with the adoption policy beside it what exists is adopted, edited and released", async ({ rig }) => {
  await rig.outsider("CreateRole", { RoleName: "app", Path: ADOPTED_PATH, ...EXISTING });
  await rig.outsider("CreateInstanceProfile", { InstanceProfileName: "app", Path: ADOPTED_PATH });
  await rig.start();
  const adopting = { ...inside, path: ADOPTED_PATH, adoptionPolicy: "IfExists" };
  await rig.user.apply(rig.manifest(rig.key("app"), adopting));
  await untilReady(rig, "app");
  await rig.user.delete(rig.key("app"));
  await untilGone(rig, "app");
  expect(refused(rig)).toEqual([]);
});
