import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { InstanceProfileClassSpec } from "../../src/api/instance-profile-class.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, aPolicy, asWritten, type SpecOverrides } from "../support/builders.ts";
import { saidAtAdmission } from "../support/class-policy.ts";
import { type DeployedAccount, deployAccount } from "../support/deployed-account.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type KubeAnswer, type KubeApi, openKubeApi } from "../support/kube-api.ts";

const { adminKubeconfig = "", auditLog, folder } = e2eEnvironment();
const PATIENCE = { timeout: 20_000, interval: 50 };
const GROUP = "/apis/iam.instanceprofile.dev/v1beta1";
const run = `e2e-${randomBytes(4).toString("hex")}`;

/** As one would write it. */
const CLASS: Partial<InstanceProfileClassSpec> = {
  namespaces: ["e2e-*"],
  roleNamePrefix: "{namespace}-",
  path: "/{cluster}/{namespace}/",
  permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
  allowedActions: ["s3:*", "ec2:Describe*"],
  deniedActions: ["s3:PutBucketPolicy"],
  allowedResources: ["arn:aws:s3:::{namespace}-*", "arn:aws:s3:::(shared|all).txt"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonSSM*"],
  allowManagedPolicies: true,
  tags: { team: "a" },
  allowedTagKeys: ["App", "cost-*"],
  allowedInstanceRegions: ["eu-*", "us-west-2"],
  maxSessionDurationSeconds: 7200,
};

type Spec = SpecOverrides;
const allow = (actions: readonly string[], resource = `arn:aws:s3:::${run}-a/*`): Spec => ({
  statements: [{ effect: "Allow", actions, resources: [resource] }],
});
const READING = [{ effect: "Allow" as const, actions: ["s3:GetObject"], resources: [`arn:aws:s3:::${run}-a/*`] }];
const PASSING = [{ effect: "Allow" as const, actions: ["iam:PassRole"], resources: [`arn:aws:s3:::${run}-a/*`] }];
const FITTING: Spec = {
  roleName: `${run}-app`,
  path: `/prod/${run}/`,
  tags: { app: "x", "Cost-Center": "7" },
  maxSessionDurationSeconds: 7200,
  instances: { region: "eu-west-1", ids: ["i-0abc1234"], onConflict: "Keep" },
  ...allow(["s3:Get*", "s3:ListBucket"]),
};
const trusted = [{ effect: "Allow" as const, principals: { aws: ["123456789012"] }, actions: ["sts:AssumeRole"] }];

describe("the API server, by the policy of classes,", { skip: adminKubeconfig === "" }, () => {
  let admin: KubeApi;
  let deployed: DeployedAccount;
  const path = `${GROUP}/namespaces/${run}/instanceprofiles`;

  const create = (spec: Spec, className: string | undefined, query = "?dryRun=All"): Promise<KubeAnswer> => {
    const { apiVersion, kind, spec: asked } = anInstanceProfile({ spec });
    const body = {
      apiVersion,
      kind,
      metadata: { name: "app", namespace: run },
      spec: { ...asWritten(asked), className },
    };
    return admin.request({ method: "POST", path: path + query, body });
  };
  const applyClass = async (name: string, spec: Partial<InstanceProfileClassSpec>, annotations = {}): Promise<void> => {
    const { apiVersion, kind, spec: whole } = aClass(spec);
    const query = "fieldManager=e2e&force=true";
    const body = { apiVersion, kind, metadata: { name, annotations }, spec: whole };
    const contentType = "application/apply-patch+yaml";
    await admin.expectOk({
      method: "PATCH",
      path: `${GROUP}/instanceprofileclasses/${name}?${query}`,
      body,
      contentType,
    });
  };

  beforeAll(async () => {
    admin = openKubeApi(adminKubeconfig);
    deployed = await deployAccount(admin, { folder, isClusterOurs: auditLog !== undefined });
    await admin.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: run } } });
    await applyClass(run, CLASS);
    // The API server hears of policies and classes by a watch.
    const refused = async (): Promise<void> => expect((await create({}, run)).status).toBe(422);
    await vi.waitFor(refused, PATIENCE);
  });
  afterAll(async () => {
    await admin.request({ method: "DELETE", path: `${GROUP}/instanceprofileclasses/${run}` });
    await admin.request({ method: "DELETE", path: `/api/v1/namespaces/${run}` });
    await deployed?.remove();
  });

  test("admits what fits, and what is of no class or of one that it does not know", async () => {
    const answers = [create(FITTING, run), create(allow(["iam:*"]), undefined), create(allow(["iam:*"]), "unknown")];
    expect((await Promise.all(answers)).map(({ status, body }) => [status, body["message"]])).toEqual(
      answers.map(() => [201, undefined]),
    );
  });

  test.each<readonly [string, Spec]>([
    [
      "a name, a path, a boundary and tags that are not the class's",
      { ...FITTING, roleName: "app", path: "/", tags: { Team: "b" } },
    ],
    ["actions beyond the class", { ...FITTING, ...allow(["s3:GetObject", "i*:Pass*"]) }],
    ["an action that the class denies", { ...FITTING, ...allow(["s3:Put*"]) }],
    ["everything", { ...FITTING, ...allow(["*"], "*") }],
    ["all but some", { ...FITTING, statements: [{ effect: "Allow", notActions: ["s3:*"], notResources: ["*"] }] }],
    [
      "what other policies of the object allow",
      {
        ...FITTING,
        inlinePolicies: Array.from({ length: 30 }, (_, i) =>
          aPolicy(i === 29 ? PASSING : READING, `p${i}`, `spec.inlinePolicies[${i}].statements`),
        ),
      },
    ],
    ["resources beyond the class", { ...FITTING, ...allow(["s3:GetObject"], "arn:aws:s3:::shared.txt") }],
    ["all that an ARN leaves out", { ...FITTING, ...allow(["s3:GetObject"], "arn:aws:s3") }],
    ["an ARN with the name in the account's field", { ...FITTING, ...allow(["s3:GetObject"], `arn:aws:s3::${run}-a`) }],
    ["a managed policy", { ...FITTING, managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }],
    [
      "managed policies of another name and path",
      {
        ...FITTING,
        managedPolicies: [
          aPolicy(READING, "app", "spec.managedPolicies[0].statements"),
          { ...aPolicy(READING, `${run}-b`, "spec.managedPolicies[1].statements"), path: "/b/" },
        ],
      },
    ],
    ["others to assume the role", { ...FITTING, trust: { services: ["lambda.amazonaws.com"], statements: trusted } }],
    [
      "adoption and instances",
      {
        ...FITTING,
        adoptionPolicy: "IfExists",
        instances: { region: "us-east-1", ids: ["i-0abc1234"], onConflict: "Keep" },
      },
    ],
    [
      "a tag key, long sessions and a role that stays",
      {
        ...FITTING,
        // One only: the API server goes through maps in any order.
        tags: { "eks-cluster-admin": "true" },
        maxSessionDurationSeconds: 43_200,
        deletionPolicy: "Retain",
      },
    ],
  ])("refuses %s, as the guard does and with its words", async (_what, spec) => {
    const { status, body } = await create(spec, run);
    const asked = anInstanceProfile({ spec }).spec;
    const of = aClass(CLASS, { metadata: { name: run } });
    const said = saidAtAdmission(asked, of, { namespace: run });
    expect([status, body["message"]]).toEqual([422, expect.stringContaining(` denied request: ${said.join(" ")}`)]);
    const guarded = classViolations(asked, { class: of, namespace: run, clusterId: "prod", olderPeers: 0 });
    expect(guarded.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(said.map((message) => message.split(":")[0] ?? "")),
    );
    expect(said.length).toBeGreaterThan(0);
  });

  test("refuses template text that nothing fills in, and not the variables of IAM", async () => {
    const of = (resource: string): Spec => ({
      ...FITTING,
      ...allow(["s3:GetObject"], `arn:aws:s3:::${run}-a/${resource}`),
    });
    const template = await create(of(`$${"{var.team}"}/*`), run);
    expect(template.body["message"]).toContain(
      "UnfilledTemplate: spec.statements[0].resources: a text looks like template text",
    );
    expect((await create(of(`$${"{aws:username}"}/*`), run)).status).toBe(201);
  });

  test("refuses by the default class what names none, and all of another namespace than the class's", async () => {
    await applyClass(
      run,
      { ...CLASS, namespaces: ["e2e-other-*"] },
      { "iam.instanceprofile.dev/is-default-class": "true" },
    );
    await vi.waitFor(async () => {
      const { status, body } = await create(FITTING, undefined);
      expect([status, body["message"]]).toEqual([
        422,
        expect.stringContaining(
          `NamespaceNotAllowed: class ${run} does not allow namespace ${run}; it allows e2e-other-*. Use another class.`,
        ),
      ]);
    }, PATIENCE);
    await applyClass(run, CLASS);
    await vi.waitFor(async () => expect((await create(FITTING, undefined)).status).toBe(201), PATIENCE);
  });

  test("lets an object that no longer fits be mended, told to stay, marked and deleted, and no more be asked for", async () => {
    expect((await create(FITTING, run, "")).status).toBe(201);
    await applyClass(run, {
      ...CLASS,
      allowedActions: ["s3:GetObject"],
      allowedDeletionPolicies: ["Delete", "Retain"],
    });
    await vi.waitFor(
      async () => expect((await create(FITTING, run)).body["message"]).toContain("ActionNotAllowed"),
      PATIENCE,
    );
    const patch = (body: object): Promise<KubeAnswer> =>
      admin.request({ method: "PATCH", path: `${path}/app`, body, contentType: "application/merge-patch+json" });
    const finalizers = ["iam.instanceprofile.dev/cleanup"];
    expect(
      (await patch({ metadata: { finalizers, annotations: { "iam.instanceprofile.dev/reconcile-at": "1" } } })).status,
    ).toBe(200);
    expect((await patch({ spec: { deletionPolicy: "Retain" } })).status).toBe(200);
    expect((await patch({ spec: allow(["s3:PutObject"]) })).body["message"]).toContain("ActionNotAllowed");
    expect((await patch({ spec: allow(["s3:GetObject"]) })).status).toBe(200);
    expect((await admin.request({ method: "DELETE", path: `${path}/app` })).status).toBe(200);
    expect((await patch({ metadata: { finalizers: [] } })).status).toBe(200);
  });
});
