import { expect } from "vitest";
import { readyOf } from "../../support/cluster-user.ts";
import { ALLOW_ALL } from "../../support/outsider.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { assumeShippedRole } from "../../support/shipped-role.ts";
import { testsOn, until, untilGone, untilReady } from "../controller/stories.ts";

// The sandbox holds whoever has a role's credentials to the role's policies: so the shipped one can be tried.

const PATH = "/k8s/my-cluster/";
const arn = (rest: string): string => `arn:aws:iam::123456789012:${rest}`;
const BOUNDARY = arn("policy/k8s-boundary");
const inside = { path: PATH, permissionsBoundaryArn: BOUNDARY };

/** A rig whose controllers have the credentials of a role with the shipped policy, and no others. */
async function openWithShippedPolicy(): Promise<SandboxRig> {
  const rig = await SandboxRig.open();
  await rig.outsider("CreatePolicy", { PolicyName: "k8s-boundary", PolicyDocument: ALLOW_ALL });
  rig.credentials = await assumeShippedRole(rig.aws.url, "controller-policy.json");
  return rig;
}

/** The calls that the controller was refused. */
function refused(rig: SandboxRig): readonly string[] {
  const { accessKeyId } = rig.credentials;
  const calls = rig.aws.calls.matching({ accessKeyId });
  expect(calls.length).toBeGreaterThan(0);
  return calls.filter(({ result }) => /Denied|Unauthorized/.test(result ?? "")).map(({ action }) => action);
}

const test = testsOn(openWithShippedPolicy);

test("with the shipped policy a profile is made, changed in every part and removed, and no call is refused", async ({
  rig,
}) => {
  await rig.start();
  const key = rig.key("app");
  await rig.user.apply(rig.manifest(key, { ...inside, tags: { team: "red" }, description: "one" }));
  await untilReady(rig, "app");
  const edited = {
    ...inside,
    description: "two",
    tags: { cost: "low" },
    maxSessionDurationSeconds: 7_200,
    managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    policyName: "other",
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
  ["with another boundary", { path: PATH, permissionsBoundaryArn: arn("policy/controller") }, "CreateRole"],
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
