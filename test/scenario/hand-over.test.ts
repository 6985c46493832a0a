import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { ALLOW_ALL } from "../support/outsider.ts";
import { APP, type Cluster, SharedAccount } from "../support/two-clusters.ts";

let account: SharedAccount;
let a: Cluster;
let b: Cluster;

beforeAll(async () => {
  account = await SharedAccount.open();
});
beforeEach(() => {
  account.reset();
  ({ a, b } = account);
});
afterAll(() => account.close());

const OWN = {
  managedPolicies: [
    { name: "app-own", statements: [{ effect: "Allow", actions: ["sqs:SendMessage"], resources: ["*"] }] },
  ],
};

/** A role that cluster a has created. */
async function ownedByA(spec: object = {}): Promise<void> {
  a.apply(spec as never);
  await a.controller().settle();
  expect(a.ready).toBe("True InSync");
  account.aws.calls.reset();
}

const role = () => account.aws.snapshot().roles[APP.name];
const profile = () => account.aws.snapshot().instanceProfiles[APP.name];

describe("a cluster that is rebuilt under another id", () => {
  test("adopts the role by one write of tags to each entity, and changes nothing else", async () => {
    await ownedByA(OWN);
    const before = account.aws.snapshot();
    b.adopt("a", OWN);
    await b.controller().settle();
    expect(b.ready).toBe("True InSync");
    expect(b.awsWrites).toEqual(["TagRole", "TagPolicy", "TagInstanceProfile"]);
    expect(b.eventReasons).toEqual(["Adopted"]);
    const { roles, instanceProfiles, policies } = account.aws.snapshot();
    const moved = { [TAG_KEYS.clusterId]: "b", [TAG_KEYS.uid]: b.object?.metadata.uid };
    expect(roles[APP.name]).toEqual({
      ...before.roles[APP.name],
      tags: { ...before.roles[APP.name]?.tags, ...moved, [TAG_KEYS.adoptedFrom]: expect.stringMatching(/^\w{6}$/) },
    });
    expect(instanceProfiles[APP.name]?.tags).toEqual({ ...before.instanceProfiles[APP.name]?.tags, ...moved });
    expect(Object.values(policies).map(({ tags }) => tags[TAG_KEYS.clusterId])).toEqual(["b"]);
  });

  test("writes nothing afterwards while adoptFrom stays in the manifest, also when the process starts again", async () => {
    await ownedByA();
    b.adopt("a");
    await b.controller().settle();
    account.aws.calls.reset();
    b.kube.writes.length = 0;
    await b.controller().settle();
    await b.controller().settle();
    expect([b.awsWrites, b.kube.writes, b.ready]).toEqual([[], [], "True InSync"]);
  });

  test("applies a spec that differs, and removes what the former spec had put on the role", async () => {
    await ownedByA({ policyName: "former", tags: { team: "red" }, ...OWN });
    b.adopt("a", { policyName: "latter", tags: { team: "blue" } });
    await b.controller().settle();
    expect(b.ready).toBe("True InSync");
    expect(Object.keys(role()?.inlinePolicies ?? {})).toEqual(["latter"]);
    expect(role()?.tags["team"]).toBe("blue");
    expect(Object.keys(account.aws.snapshot().policies)).toEqual([]);
    expect(account.faults).toEqual([]);
    const [adopted] = b.kube.events;
    expect(adopted?.note.match(/~ tags of role app/g)).toHaveLength(1);
  });

  test("adopts what an object retained at its deletion", async () => {
    await ownedByA({ deletionPolicy: "Retain" });
    a.kube.delete(APP);
    await a.controller().settle();
    expect(a.object).toBeUndefined();
    b.adopt("a");
    await b.controller().settle();
    expect([b.ready, account.owner]).toEqual(["True InSync", "b"]);
  });

  test("creates the role when there is none", async () => {
    b.adopt("a");
    await b.controller().settle();
    expect([b.ready, role()?.tags[TAG_KEYS.adoptedFrom]]).toEqual(["True InSync", undefined]);
  });

  test("does not adopt without adoptFrom, and is told which field does", async () => {
    await ownedByA();
    b.apply();
    await b.controller().settle();
    expect([b.ready, b.awsWrites]).toEqual(["False OwnedByAnother", []]);
    expect(b.message).toContain("set spec.adoptFrom.clusterId to a");
  });
});

describe("the former cluster", () => {
  async function handedOver(): Promise<void> {
    await ownedByA();
    b.adopt("a");
    await b.controller().settle();
    account.aws.calls.reset();
  }

  test("reports HandedOver once, and then neither reads nor writes AWS, whatever is changed there", async () => {
    await handedOver();
    const controller = a.controller();
    await controller.settle();
    expect(a.ready).toBe("False HandedOver");
    expect(a.object?.status).toMatchObject({ handedOverTo: "b", role: { arn: expect.any(String) } });
    await account.outsider("DeleteRolePolicy", { RoleName: APP.name, PolicyName: APP.name });
    account.aws.calls.reset();
    a.kube.writes.length = 0;
    for (const _ of [1, 2, 3]) expect(await controller.once()).toMatchObject({ kind: "after", delayMs: 600_000 });
    await a.controller().settle();
    expect([a.awsCalls, a.kube.writes]).toEqual([[], []]);
    expect(a.eventReasons.filter((reason) => reason === "HandedOver")).toHaveLength(1);
  });

  test.each([
    ["after it has reported that", true],
    ["before it has seen that", false],
  ])("lets its object go %s, and leaves AWS as it is", async (_, isReported) => {
    await handedOver();
    if (isReported) await a.controller().settle();
    const before = account.aws.snapshot();
    a.kube.delete(APP);
    await a.controller().settle();
    expect([a.object, a.awsWrites]).toEqual([undefined, []]);
    expect(account.aws.snapshot()).toEqual(before);
  });

  test("does not create the role again when the new owner deletes it", async () => {
    await handedOver();
    await a.controller().settle();
    b.kube.delete(APP);
    await b.controller().settle();
    expect(role()).toBeUndefined();
    await a.controller().settle();
    expect([a.ready, a.awsWrites]).toEqual(["False HandedOver", []]);
    a.adopt("b");
    await a.controller().settle();
    expect([a.ready, a.object?.status?.handedOverTo]).toEqual(["True InSync", undefined]);
  });

  test("that comes back from a backup with its object still in Git does not take the role back", async () => {
    await handedOver();
    await a.controller().settle();
    account.a.kube.delete(APP);
    await a.controller().settle();
    a.apply();
    await a.controller().settle();
    expect([a.ready, a.awsWrites, account.owner]).toEqual(["False HandedOver", [], "b"]);
  });

  /** Has IAM show the tags from before the hand-over, as a read that lags does. */
  async function showFormerTags(): Promise<void> {
    const tag = { "Tags.member.1.Key": TAG_KEYS.clusterId, "Tags.member.1.Value": "a" };
    await account.outsider("TagRole", { RoleName: APP.name, ...tag });
    await account.outsider("TagInstanceProfile", { InstanceProfileName: APP.name, ...tag });
    await account.outsider("UntagRole", { RoleName: APP.name, "TagKeys.member.1": TAG_KEYS.adoptedFrom });
  }

  test("deletes nothing because of a read that lags, also if its object has an older adoptFrom", async () => {
    await ownedByA({ adoptFrom: { clusterId: "c" } });
    b.adopt("a");
    await b.controller().settle();
    await a.controller().settle();
    expect(a.ready).toBe("False HandedOver");
    await showFormerTags();
    account.aws.calls.reset();
    a.kube.delete(APP);
    await a.controller().settle();
    expect([a.object, a.awsWrites]).toEqual([undefined, []]);
    expect(profile()?.roleName).toBe(APP.name);
  });

  test("takes a read that shows its own tags again for one that lags", async () => {
    await handedOver();
    await a.controller().settle();
    await showFormerTags();
    await account.outsider("PutRolePolicy", { RoleName: APP.name, PolicyName: APP.name, PolicyDocument: ALLOW_ALL });
    a.adopt("c");
    await a.controller().settle();
    expect([a.ready, a.awsWrites]).toEqual(["False HandedOver", []]);
  });
});

describe("a rollback", () => {
  test("needs the field removed in one cluster and set in the other", async () => {
    await ownedByA();
    b.adopt("a");
    await b.controller().settle();
    a.adopt("b");
    await a.controller().settle();
    expect([a.ready, a.awsWrites]).toEqual(["False HandOverConflict", []]);
    expect(a.message).toContain("Remove spec.adoptFrom from the object in cluster b");
    account.aws.calls.reset();
    b.apply();
    await b.controller().settle();
    expect([b.ready, b.awsWrites]).toEqual(["True InSync", ["UntagRole"]]);
    await a.controller().settle();
    expect([a.ready, account.owner]).toEqual(["True InSync", "a"]);
    expect(a.object?.status?.handedOverTo).toBeUndefined();
    await b.controller().settle();
    expect([b.ready, b.object?.status?.handedOverTo]).toEqual(["False HandedOver", "a"]);
    expect(account.faults).toEqual([]);
  });

  test("that ends half-way goes on after the next start", async () => {
    await ownedByA();
    b.adopt("a");
    await b.controller().settle();
    b.apply();
    await b.controller().settle();
    a.adopt("b");
    await a.controller().settle();
    a.apply();
    await a.controller().settle();
    expect([a.ready, role()?.tags[TAG_KEYS.adoptedFrom]]).toEqual(["True InSync", undefined]);
    expect(profile()?.tags[TAG_KEYS.clusterId]).toBe("a");
  });
});

describe("clusters that adopt from each other come to an end", () => {
  /** The number of times that the role moved in many rounds of all, each with a new process. */
  async function rounds(...clusters: readonly Cluster[]): Promise<number> {
    for (let round = 0; round < 8; round++) for (const one of clusters) await one.controller().once();
    return clusters.flatMap((one) => one.awsWrites).filter((action) => action === "TagRole").length;
  }

  test("two at once: the first to adopt keeps the role, and the other is blocked", async () => {
    await ownedByA();
    a.adopt("b");
    b.adopt("a");
    expect(await rounds(a, b)).toBe(1);
    expect([a.ready, b.ready, account.owner]).toEqual(["False HandOverConflict", "True InSync", "b"]);
    expect(account.faults).toEqual([]);
  });

  test("three in a ring: the role moves no more often than there are clusters", async () => {
    const { c } = account;
    await ownedByA();
    b.adopt("a");
    c.adopt("b");
    await b.controller().settle();
    await c.controller().settle();
    a.adopt("c");
    expect(await rounds(a, b, c)).toBeLessThanOrEqual(3);
    account.aws.calls.reset();
    expect(await rounds(a, b, c)).toBe(0);
    expect([a, b, c].filter(({ ready }) => ready === "True InSync")).toHaveLength(1);
    expect(account.faults).toEqual([]);
  });
});
