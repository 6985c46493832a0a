import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { ownPolicyTags } from "../../../src/model/applied-record.ts";
import { shortHash } from "../../../src/model/naming.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { ALLOW_ALL, EC2_TRUST } from "../../support/outsider.ts";
import { APP, type Cluster, SharedAccount } from "../../support/two-clusters.ts";

/** An author of one cluster tries to get a role of another cluster, or of another team. */
let account: SharedAccount;
let a: Cluster;
let b: Cluster;

beforeAll(async () => {
  account = await SharedAccount.open();
});
beforeEach(async () => {
  account.reset();
  ({ a, b } = account);
  a.apply({ policyName: "access" });
  await a.controller().settle();
  account.aws.calls.reset();
});
afterAll(() => account.close());

type Fields = Readonly<Record<string, unknown>>;

function classes(spec: Fields): () => readonly KubeObject[] {
  const known = { account: { id: "123456789012" }, namespaces: ["*"], allowedActions: ["s3:*"], ...spec };
  const metadata = { name: "team", uid: "class-uid", generation: 1, resourceVersion: "1" };
  const annotations = { "iam.instanceprofile.dev/is-default-class": "true" };
  const one = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfileClass",
    metadata: { ...metadata, annotations },
    spec: known,
  };
  return () => [one as unknown as KubeObject];
}

/** The reason of the refusal, after many reconciles that wrote nothing and left the role to cluster a. */
async function refusal(key = APP): Promise<string | undefined> {
  const before = account.aws.snapshot();
  for (const _ of [1, 2]) await b.controller().settle(key);
  expect(b.awsWrites).toEqual([]);
  expect(account.aws.snapshot()).toEqual(before);
  const status = b.kube.read(key)?.["status"] as { conditions: { type: string; reason: string }[] } | undefined;
  return status?.conditions.find(({ type }) => type === "Ready" || type === "DryRun")?.reason;
}

describe("adoptFrom gets nothing", () => {
  test("of an object with another name", async () => {
    const key = { namespace: "default", name: "other" };
    b.kube.apply({
      metadata: { ...key },
      spec: { roleName: APP.name, statements: [], adoptFrom: { clusterId: "a" } },
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
    });
    expect(await refusal(key)).toBe("OwnedByAnother");
  });

  test("of an object of the same name in another namespace", async () => {
    const key = { namespace: "team-b", name: APP.name };
    b.apply({ adoptFrom: { clusterId: "a" } }, key);
    expect(await refusal(key)).toBe("OwnedByAnother");
  });

  test("of another cluster than the one that owns the role", async () => {
    b.adopt("c");
    expect(await refusal()).toBe("OwnedByAnother");
  });

  test.each([undefined, "DryRun"])("that the operator does not allow, with mode %s", async (mode) => {
    b.adoptsFrom = ["c"];
    b.adopt("a", { ...(mode && { mode }) });
    expect(await refusal()).toBe("AdoptFromNotAllowed");
    expect(b.message || "--allow-adopt-from").toContain("--allow-adopt-from");
  });

  test("that the class does not allow, whatever the operator allows", async () => {
    b.classes = classes({ allowAdoption: true });
    b.adopt("a");
    expect(await refusal()).toBe("AdoptFromNotAllowed");
  });

  test("under a class that strips it", async () => {
    b.classes = classes({ allowedAdoptFrom: ["c"], onViolation: "Strip", allowedDeletionPolicies: ["Delete"] });
    b.adopt("a");
    expect(await refusal()).toBe("AdoptFromNotAllowed");
  });

  test("of a role whose names the class does not allow", async () => {
    b.classes = classes({ allowedAdoptFrom: ["a"], roleNamePrefix: "team-" });
    b.adopt("a");
    expect(await refusal()).toBe("RoleNameNotAllowed");
  });

  test("with a path that the role does not have", async () => {
    b.adopt("a", { path: "/team/" });
    expect(await refusal()).toBe("PathConflict");
  });

  test("of a role with a part of the owner tags", async () => {
    await account.outsider("UntagRole", { RoleName: APP.name, "TagKeys.member.1": TAG_KEYS.name });
    b.adopt("a");
    expect(await refusal()).toBe("OwnedByAnother");
  });

  test("by its deletion: an object that has not adopted leaves AWS as it is", async () => {
    b.adoptsFrom = [];
    b.adopt("a", { deletionPolicy: "Delete" });
    await b.controller().settle();
    b.adoptsFrom = ["a"];
    b.kube.annotate(APP, { "iam.instanceprofile.dev/force-delete": "true" });
    b.kube.delete(APP);
    await refusal();
    expect(b.object).toBeUndefined();
  });
});

describe("adoption within a class", () => {
  test("happens, and the class bounds what the role may do from then on", async () => {
    b.classes = classes({ allowedAdoptFrom: ["a"] });
    b.adopt("a", { policyName: "access" });
    await b.controller().settle();
    expect([b.ready, account.owner, b.awsWrites]).toEqual(["True InSync", "b", ["TagRole", "TagInstanceProfile"]]);
    expect(account.faults).toEqual([]);
  });

  test("that strips: nothing is stripped of the role while the other cluster owns it", async () => {
    b.classes = classes({ allowedActions: ["sqs:*"], allowedAdoptFrom: ["c"], onViolation: "Strip" });
    b.adopt("a");
    await refusal();
    expect(account.aws.snapshot().roles[APP.name]?.inlinePolicies).toHaveProperty("access");
  });
});

describe("what follows the role", () => {
  test("is no instance profile that holds another role: its instances would get other permissions", async () => {
    b.adopt("a", { roleName: "mine", instanceProfileName: APP.name });
    expect(await refusal()).toBe("InstancesUseProfile");
    expect(b.message).toContain("roleName: app");
  });

  test("is the instance profile that the role is in: another one would leave it behind with the role", async () => {
    b.adopt("a", { instanceProfileName: "mine" });
    expect(await refusal()).toBe("InstancesUseProfile");
    expect(b.message).toContain("Create the object with instanceProfileName: app.");
  });

  test("is no managed policy that others use, where the role is gone", async () => {
    const own = { name: "own", statements: [{ effect: "Allow", actions: ["sqs:*"], resources: ["*"] }] };
    a.apply({ managedPolicies: [own] });
    await a.controller().settle();
    await account.outsider("CreateRole", { RoleName: "user", AssumeRolePolicyDocument: EC2_TRUST });
    const PolicyArn = "arn:aws:iam::123456789012:policy/own";
    await account.outsider("AttachRolePolicy", { RoleName: "user", PolicyArn });
    account.aws.calls.reset();
    b.adopt("a", { roleName: "mine", managedPolicies: [own] });
    expect(await refusal()).toBe("PolicyInUse");
  });

  test("is no managed policy that the role of the former cluster keeps, where the object has a role of its own", async () => {
    const own = { name: "own", statements: [{ effect: "Allow", actions: ["sqs:*"], resources: ["*"] }] };
    a.apply({ managedPolicies: [own] });
    await a.controller().settle();
    const names = { roleName: "mine", instanceProfileName: "mine", policyName: "access" };
    b.apply(names);
    await b.controller().settle();
    account.aws.calls.reset();
    b.adopt("a", { ...names, managedPolicies: [own] });
    expect(await refusal()).toBe("PolicyInUse");
    expect(b.message).toContain("is used by role app");
  });

  test.each(["Keep", "Strip"])(
    "is no instance profile without its role, which stays with the other object, with %s",
    async (onViolation) => {
      // The former object reads the tags of its role alone before it deletes.
      b.classes = classes({ allowedAdoptFrom: ["a"], allowedExternalRoles: ["*"], onViolation });
      b.adopt("a", {
        statements: undefined,
        policyName: undefined,
        roleName: APP.name,
        role: { management: "External" },
      });
      expect(await refusal()).toBe("OwnedByAnother");
      expect(b.message).toContain("spec.role.management");
    },
  );

  test("is nothing of another object of that cluster", async () => {
    await account.outsider("TagInstanceProfile", {
      InstanceProfileName: APP.name,
      ...{ "Tags.member.1.Key": TAG_KEYS.name, "Tags.member.1.Value": "other" },
    });
    b.adopt("a");
    expect(await refusal()).toBe("OwnedByAnother");
  });
});

describe("a role that was adopted leads nothing to its object", () => {
  const P = "stranger";

  /** An instance profile or role with the owner tags of the object of the same namespace and name in that cluster. */
  async function strangers(action: string, params: Fields, tags: Readonly<Record<string, string>>): Promise<void> {
    const all = Object.entries(tags).flatMap(([key, value], i) => [
      [`Tags.member.${i + 1}.Key`, key],
      [`Tags.member.${i + 1}.Value`, value],
    ]);
    await account.outsider(action, { ...params, ...Object.fromEntries(all) });
  }
  const ownedBy = (clusterId: string) => ({
    [TAG_KEYS.clusterId]: clusterId,
    [TAG_KEYS.namespace]: APP.namespace,
    [TAG_KEYS.name]: APP.name,
  });

  beforeEach(async () => {
    await account.outsider("CreateRole", { RoleName: P, AssumeRolePolicyDocument: EC2_TRUST });
  });

  /** The role of cluster a, adopted by b; the adoption is still recorded. */
  async function adopted(): Promise<void> {
    b.adopt("a", { policyName: "access" });
    await b.controller().settle();
    account.aws.calls.reset();
  }

  test.each(["that holds another role", "that is empty"])("an instance profile of that cluster %s", async (which) => {
    await adopted();
    await strangers("CreateInstanceProfile", { InstanceProfileName: P }, ownedBy("a"));
    if (which !== "that is empty")
      await account.outsider("AddRoleToInstanceProfile", { InstanceProfileName: P, RoleName: P });
    b.apply({ policyName: "access", instanceProfileName: P });
    expect(await refusal()).toBe("OwnedByAnother");
  });

  test("its own instance profile, once a cluster has it that the role does not come from", async () => {
    await adopted();
    await strangers("TagInstanceProfile", { InstanceProfileName: APP.name }, ownedBy("c"));
    for (const tags of [{}, { [TAG_KEYS.adoptedFrom]: shortHash("c") }]) {
      b.apply({ policyName: "access", tags });
      await refusal();
      expect(b.ready).toMatch(/^False (OwnedByAnother|InvalidSpec)$/);
    }
  });

  test("a managed policy of that cluster that the tags of the role do not name", async () => {
    await adopted();
    const own = { name: "own", statements: [{ effect: "Allow", actions: ["sqs:*"], resources: ["*"] }] };
    await strangers("CreatePolicy", { PolicyName: own.name, PolicyDocument: ALLOW_ALL }, ownedBy("a"));
    b.apply({ policyName: "access", managedPolicies: [own] });
    expect(await refusal()).toBe("OwnedByAnother");
  });

  test.each(["names", "does not name"])(
    "a managed policy that others use, where the spec %s it, by a tag",
    async (which) => {
      await adopted();
      const own = { name: "own", statements: [{ effect: "Allow", actions: ["sqs:*"], resources: ["*"] }] };
      await strangers("CreatePolicy", { PolicyName: own.name, PolicyDocument: ALLOW_ALL }, ownedBy("a"));
      const PolicyArn = "arn:aws:iam::123456789012:policy/own";
      await account.outsider("AttachRolePolicy", { RoleName: P, PolicyArn });
      await strangers("TagRole", { RoleName: APP.name }, ownPolicyTags([PolicyArn]));
      b.apply({ policyName: "access", ...(which === "names" && { managedPolicies: [own] }) });
      expect(await refusal()).toBe("PolicyInUse");
      expect(b.message).toContain(`managed policy ${PolicyArn} is used by role ${P}`);
    },
  );

  test("what an outsider's tag on a role without an owner says, also after the object has adopted the role", async () => {
    await account.outsider("CreateInstanceProfile", { InstanceProfileName: P });
    await strangers("TagInstanceProfile", { InstanceProfileName: P }, ownedBy("c"));
    await account.outsider("AddRoleToInstanceProfile", { InstanceProfileName: P, RoleName: P });
    await strangers("TagRole", { RoleName: P }, { [TAG_KEYS.adoptedFrom]: shortHash("c") });
    b.apply({ roleName: P, instanceProfileName: "mine", adoptionPolicy: "IfExists" });
    for (const _ of [1, 2, 3]) await b.controller().settle();
    expect(b.ready).toBe("True InSync");
    expect(account.aws.snapshot().roles[P]?.tags).not.toHaveProperty(TAG_KEYS.adoptedFrom);
    account.aws.calls.reset();
    b.apply({ roleName: P, instanceProfileName: P, adoptionPolicy: "IfExists" });
    expect(await refusal()).toBe("OwnedByAnother");
  });
});

test("an instance profile that an outsider has emptied is not adopted for another role", async () => {
  await account.outsider("RemoveRoleFromInstanceProfile", { InstanceProfileName: APP.name, RoleName: APP.name });
  b.adopt("a", { roleName: "mine", instanceProfileName: APP.name });
  expect(await refusal()).toBe("InstancesUseProfile");
  expect(b.message).toContain("holds no role, and role mine is not of that cluster");
  b.adopt("a", { policyName: "access" });
  await b.controller().settle();
  expect([b.ready, account.aws.snapshot().instanceProfiles[APP.name]?.roleName]).toEqual(["True InSync", APP.name]);
});

test("a class of the former cluster that strips neither reads nor strips what is handed over, whatever IAM shows", async () => {
  b.adopt("a", { policyName: "access" });
  await b.controller().settle();
  a.classes = classes({ allowedActions: ["sqs:*"], onViolation: "Strip" });
  await a.controller().settle();
  expect(a.ready).toBe("False HandedOver");
  // As a read that lags.
  const tag = { "Tags.member.1.Key": TAG_KEYS.clusterId, "Tags.member.1.Value": "a" };
  await account.outsider("TagRole", { RoleName: APP.name, ...tag });
  account.aws.calls.reset();
  for (const _ of [1, 2]) await a.controller().settle();
  a.kube.delete(APP);
  await a.controller().settle();
  expect([a.object, a.awsCalls]).toEqual([undefined, []]);
  expect(account.aws.snapshot().roles[APP.name]?.inlinePolicies).toHaveProperty("access");
});

test("an author of the former cluster cannot keep the role by an adoptFrom that the operator does not allow", async () => {
  b.adopt("a");
  await b.controller().settle();
  b.apply();
  await b.controller().settle();
  a.adoptsFrom = [];
  a.adopt("b");
  account.aws.calls.reset();
  for (const _ of [1, 2]) await a.controller().settle();
  expect([a.ready, a.awsWrites, account.owner]).toEqual(["False AdoptFromNotAllowed", [], "b"]);
});
