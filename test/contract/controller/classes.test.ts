import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RECONCILE_AT_ANNOTATION } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec, InstanceProfileClassStatus } from "../../../src/api/instance-profile-class.ts";
import type { ObjectReference } from "../../../src/engine/ports.ts";
import { ALLOW_ALL } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { until, untilGone, untilReady } from "./stories.ts";

const PATH = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";

type ClassSpec = Partial<InstanceProfileClassSpec>;

let rig: SandboxRig;
let stop: () => Promise<void>;

beforeAll(async () => {
  rig = await SandboxRig.open();
  const controller = await rig.start();
  stop = () => controller.stop();
});
afterAll(async () => {
  await stop();
  await rig.close();
});

async function applyClass(name: string, spec: ClassSpec = {}, annotations: Record<string, string> = {}): Promise<void> {
  const body = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfileClass",
    metadata: { name, annotations },
    spec: { account: { id: "123456789012" }, namespaces: ["team-*"], allowedActions: ["s3:Get*", "s3:List*"], ...spec },
  };
  await plainKubeApi(rig.kube.url).expectOk({
    method: "PATCH",
    path: `${PATH}/${name}?fieldManager=user&force=true&fieldValidation=Strict`,
    body,
    contentType: "application/apply-patch+yaml",
  });
}

async function classStatus(name: string): Promise<InstanceProfileClassStatus | undefined> {
  const { status, body } = await plainKubeApi(rig.kube.url).request({ method: "GET", path: `${PATH}/${name}` });
  return status === 404 ? undefined : ((body["status"] ?? {}) as InstanceProfileClassStatus);
}

async function eventsAbout(className: string): Promise<readonly string[]> {
  const path = "/apis/events.k8s.io/v1/namespaces/default/events";
  const { items } = (await plainKubeApi(rig.kube.url).expectOk({ method: "GET", path })) as unknown as {
    readonly items: readonly { readonly type: string; readonly reason: string; readonly regarding: ObjectReference }[];
  };
  return items
    .filter(({ regarding }) => regarding.kind === "InstanceProfileClass" && regarding.name === className)
    .map(({ type, reason }) => `${type} ${reason}`);
}

async function readyOf(name: string): Promise<string> {
  const object = await rig.user.read(rig.key(name));
  const ready = object?.status?.conditions?.find(({ type }) => type === "Ready");
  return `${ready?.status} ${ready?.reason}: ${ready?.message}`;
}

async function apply(name: string, className: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await rig.user.apply(rig.manifest(rig.key(name), { className, ...spec }));
}

const WIDE = {
  statements: [
    { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] },
    { effect: "Allow", actions: ["iam:*"], resources: ["*"] },
  ],
};

describe("the controller on a cluster with classes", () => {
  test("makes what fits, with what the class adds", async () => {
    await applyClass("adding", { tags: { team: "a" } });
    await apply("fits", "adding");
    await untilReady(rig, "fits");
    expect(rig.aws.snapshot().roles["fits"]?.tags).toMatchObject({ team: "a" });
    await until(async () => {
      const status = await classStatus("adding");
      expect(status).toMatchObject({ objects: 1, violations: 0 });
      expect(status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
        "Accepted Accepted",
        "Ready AccountReachable",
      ]);
    });
  });

  test("writes nothing for what does not, and says what it is", async () => {
    await applyClass("strict");
    rig.aws.calls.reset();
    await apply("wide", "strict", WIDE);
    await until(async () =>
      expect(await readyOf("wide")).toBe(
        "False ActionNotAllowed: spec.statements[1].actions[0]: iam:* allows iam:PassRole, which class strict does not allow; it allows s3:Get*, " +
          "s3:List*. Narrow the statement.",
      ),
    );
    expect(rig.aws.snapshot().roles["wide"]).toBeUndefined();
    await until(async () => expect(await classStatus("strict")).toMatchObject({ objects: 1, violations: 1 }));
  });

  test("lets an object without className through to nothing as long as no class is the default", async () => {
    await applyClass("some");
    await rig.user.apply(rig.manifest(rig.key("free")));
    await until(async () => expect(await readyOf("free")).toMatch(/^False ClassRequired/));
    await applyClass("some", {}, { "iam.instanceprofile.dev/is-default-class": "true" });
    await untilReady(rig, "free");
    await applyClass("some");
    await until(async () => expect(await readyOf("free")).toMatch(/^False ClassRequired/));
    expect(rig.aws.snapshot().roles["free"]).toBeDefined();
  });

  test("leaves a role as it is when its class is narrowed, where the class says Keep", async () => {
    await applyClass("keeping", { allowedActions: ["*"], onViolation: "Keep" });
    await apply("kept", "keeping", WIDE);
    await untilReady(rig, "kept");
    const before = rig.aws.snapshot().roles["kept"];
    await applyClass("keeping", { onViolation: "Keep" });
    await until(async () => expect(await readyOf("kept")).toMatch(/^False ActionNotAllowed/));
    expect(rig.aws.snapshot().roles["kept"]).toEqual(before);
    await applyClass("keeping", { allowedActions: ["s3:*", "iam:*"], onViolation: "Keep" });
    await untilReady(rig, "kept");
  });

  test("takes out of a role what its class no longer allows, where the class says Strip", async () => {
    await applyClass("stripping", { allowedActions: ["*"], onViolation: "Strip" });
    await apply("stripped", "stripping", WIDE);
    await untilReady(rig, "stripped");
    expect(JSON.stringify(rig.aws.snapshot().roles["stripped"])).toContain("iam:*");
    await applyClass("stripping", { onViolation: "Strip" });
    await until(async () =>
      expect(await readyOf("stripped")).toMatch(
        /^False ActionNotAllowed: .* The controller applies the rest of the spec\.$/,
      ),
    );
    const role = JSON.stringify(rig.aws.snapshot().roles["stripped"]);
    expect(role).not.toContain("iam:*");
    expect(role).toContain("s3:GetObject");
  });

  test("says of a class that its boundary does not exist, leaves its roles as they are, and goes on when the boundary is created", async () => {
    const allowed: ClassSpec = { onViolation: "Strip" };
    await applyClass("bounding", allowed);
    await apply("bounded", "bounding");
    await untilReady(rig, "bounded");
    const before = rig.aws.snapshot().roles["bounded"];
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/late-boundary";
    await applyClass("bounding", { ...allowed, permissionsBoundaryArn });
    await apply("unborn", "bounding");
    await until(async () => {
      const ready = (await classStatus("bounding"))?.conditions?.find(({ type }) => type === "Ready");
      expect(ready).toMatchObject({
        status: "False",
        reason: "PermissionsBoundaryNotFound",
        message:
          `spec.permissionsBoundaryArn: policy ${permissionsBoundaryArn} does not exist in AWS account 123456789012, so no role of this class can ` +
          "have it. The controller creates no role of the class and grants existing roles no additional permissions; they keep what the class " +
          "allows. Create the policy, or correct the ARN.",
      });
    });
    for (const name of ["bounded", "unborn"]) {
      await until(async () => expect(await readyOf(name)).toMatch(/^False PermissionsBoundaryNotFound: /));
    }
    expect(rig.aws.snapshot().roles["bounded"]).toEqual(before);
    expect(rig.aws.snapshot().roles["unborn"]).toBeUndefined();
    await until(async () => expect(await eventsAbout("bounding")).toEqual(["Warning PermissionsBoundaryNotFound"]));

    await rig.outsider("CreatePolicy", { PolicyName: "late-boundary", PolicyDocument: ALLOW_ALL });
    // Else the controller verifies it within a minute.
    await applyClass("bounding", { ...allowed, permissionsBoundaryArn }, { [RECONCILE_AT_ANNOTATION]: "now" });
    await Promise.all([untilReady(rig, "bounded"), untilReady(rig, "unborn")]);
    expect(rig.aws.snapshot().roles["bounded"]).toMatchObject({ permissionsBoundaryArn });
    expect(await eventsAbout("bounding")).toEqual(["Warning PermissionsBoundaryNotFound"]);
  });

  test("writes nothing with credentials of another account than the class's", async () => {
    await applyClass("elsewhere", { account: { id: "210987654321", partition: "aws" } });
    await apply("nowhere", "elsewhere");
    await until(async () =>
      expect(await readyOf("nowhere")).toBe(
        "False AccountMismatch: the controller's own credentials belong to account 123456789012, but class elsewhere requires account 210987654321. " +
          "Nothing was written. Set spec.account.roleArn of the class to a role in account 210987654321.",
      ),
    );
    expect(rig.aws.snapshot().roles["nowhere"]).toBeUndefined();
    expect((await rig.user.read(rig.key("nowhere")))?.metadata.finalizers).toBeUndefined();
  });

  test("assumes the roles of its classes, with the external id that each asks for", async () => {
    const trust = (externalId: string): string =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "123456789012" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "sts:ExternalId": externalId } },
          },
        ],
      });
    const all = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    for (const name of ["one", "other"]) {
      await rig.outsider("CreateRole", { RoleName: `assumed-${name}`, AssumeRolePolicyDocument: trust(name) });
      await rig.outsider("PutRolePolicy", { RoleName: `assumed-${name}`, PolicyName: "all", PolicyDocument: all });
      const roleArn = `arn:aws:iam::123456789012:role/assumed-${name}`;
      await applyClass(`by-${name}`, { account: { id: "123456789012", partition: "aws", roleArn, externalId: name } });
      await apply(`made-by-${name}`, `by-${name}`);
    }
    await Promise.all([untilReady(rig, "made-by-one"), untilReady(rig, "made-by-other")]);
  });

  test("receives drift events from the queue of a class with the role that it assumes for it", async () => {
    const account = {
      id: "123456789012",
      partition: "aws",
      externalId: "one",
      roleArn: "arn:aws:iam::123456789012:role/assumed-one",
      // The sandbox has it too: the endpoint of the controller precedes the host.
      eventQueueUrls: ["https://sqs.us-east-1.amazonaws.com/123456789012/drift-events"],
    } as const;
    await applyClass("by-one", { account });
    const polls = () => rig.aws.calls.matching({ service: "sqs", action: "ReceiveMessage" });
    await until(() => expect(polls()).not.toEqual([]));
    expect(polls().filter(({ accessKeyId }) => accessKeyId === "controller")).toEqual([]);
    const policy = { RoleName: "made-by-one", PolicyName: "made-by-one", PolicyDocument: ALLOW_ALL };
    await rig.outsider("PutRolePolicy", policy);
    await until(async () =>
      expect(await rig.user.events(rig.key("made-by-one"))).toContainEqual(
        expect.objectContaining({ reason: "DriftRepaired", note: expect.stringMatching(/^after PutRolePolicy by /) }),
      ),
    );
  });

  test("holds a class back until its objects are gone", async () => {
    await applyClass("leaving");
    await apply("last", "leaving");
    await untilReady(rig, "last");
    await plainKubeApi(rig.kube.url).expectOk({ method: "DELETE", path: `${PATH}/leaving` });
    await until(async () =>
      expect((await classStatus("leaving"))?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
        reason: "InUse",
        message: expect.stringMatching(
          /^deletion is blocked by InstanceProfiles of this class \(1\): \S+\/last\. Delete them first\.$/,
        ),
      }),
    );
    await rig.user.delete(rig.key("last"));
    await untilGone(rig, "last");
    await until(async () => expect(await classStatus("leaving")).toBeUndefined());
    expect(rig.aws.snapshot().roles["last"]).toBeUndefined();
  });
});
