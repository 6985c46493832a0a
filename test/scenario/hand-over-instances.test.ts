import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ASSOCIATED_BY_TAG } from "../../src/model/instances/association-tags.ts";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { Ec2User } from "../support/ec2-user.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { APP, type Cluster, REGION, SharedAccount } from "../support/two-clusters.ts";

let account: SharedAccount;
let ec2: Ec2User;
let a: Cluster;
let b: Cluster;

beforeAll(async () => {
  account = await SharedAccount.open();
  ec2 = new Ec2User(account.aws.url, REGION);
});
beforeEach(() => {
  account.reset();
  ({ a, b } = account);
});
afterAll(async () => {
  ec2.close();
  await account.close();
});

const INSTANCES = { instances: { region: REGION, selector: { matchTags: { app: "web" } } } };

describe("instances that the former cluster has associated", () => {
  let id: string;
  let association: string;
  beforeEach(async () => {
    id = await ec2.runOne({ tags: { app: "web" } });
    a.apply(INSTANCES);
    await a.controller().settle();
    association = await ec2.associationOf(id);
    expect(await ec2.profileOf(id)).toBe(APP.name);
    account.aws.calls.reset();
  });

  test("keep their association, and the new owner marks them as its own", async () => {
    b.adopt("a", INSTANCES);
    await b.controller().settle();
    expect([b.ready, b.awsWrites]).toEqual(["True InSync", ["TagRole", "TagInstanceProfile", "CreateTags"]]);
    expect(await ec2.associationOf(id)).toBe(association);
    expect((await ec2.tagsOf(id))[ASSOCIATED_BY_TAG]).toBe(`b/default/app@${id}`);
  });

  test("keep it when the object of the former cluster is deleted, even before the new owner has marked them", async () => {
    b.adopt("a");
    await b.controller().settle();
    a.kube.delete(APP);
    await a.controller().settle();
    expect([a.object, a.awsWrites]).toEqual([undefined, []]);
    expect(await ec2.associationOf(id)).toBe(association);
    b.adopt("a", INSTANCES);
    await b.controller().settle();
    b.adopt("a", { instances: { region: REGION, selector: { matchTags: { app: "other" } } } });
    await b.controller().settle();
    expect(await ec2.profileOf(id)).toBeUndefined();
  });

  test("that another profile has meanwhile are left alone", async () => {
    await account.outsider("CreateInstanceProfile", { InstanceProfileName: "other" });
    await account.outsider("AddRoleToInstanceProfile", { InstanceProfileName: "other", RoleName: APP.name });
    await ec2.disassociate(id);
    await ec2.associate(id, "other");
    b.adopt("a", INSTANCES);
    await b.controller().settle();
    expect(await ec2.profileOf(id)).toBe("other");
    expect((await ec2.tagsOf(id))[ASSOCIATED_BY_TAG]).toBe(`a/default/app@${id}`);
  });
});

describe("while IAM shows the new tags late", () => {
  const LAG_MS = 40_000;

  async function adoptedUnderLag(): Promise<void> {
    a.apply();
    await a.controller().settle();
    account.nowMs += 600_000;
    account.aws.setAwkwardness({ visibilityDelayMs: LAG_MS });
    b.adopt("a");
    await b.controller().once();
    expect(account.owner).toBe("b");
    account.aws.calls.reset();
  }

  test("the new owner writes nothing twice, and is in sync once the tags are visible", async () => {
    await adoptedUnderLag();
    await b.controller().settle();
    account.nowMs += LAG_MS;
    await b.controller().settle();
    expect(b.ready).toBe("True InSync");
    expect(b.awsWrites.filter((action) => !action.startsWith("Tag"))).toEqual([]);
  });

  test("a repair of the former owner in that time leaves the owner tags, and the new owner has the last word", async () => {
    await adoptedUnderLag();
    const PolicyDocument = EC2_TRUST.replace("ec2", "lambda");
    await account.outsider("UpdateAssumeRolePolicy", { RoleName: APP.name, PolicyDocument });
    account.nowMs += LAG_MS / 2;
    const former = a.controller();
    await former.once();
    expect(account.owner).toBe("b");
    account.nowMs += LAG_MS;
    await former.settle();
    expect([a.ready, a.object?.status?.handedOverTo]).toEqual(["False HandedOver", "b"]);
    account.aws.calls.reset();
    await b.controller().settle();
    account.nowMs += 2 * LAG_MS;
    await b.controller().settle();
    expect([b.ready, account.owner]).toEqual(["True InSync", "b"]);
    expect(JSON.stringify(account.aws.snapshot().roles[APP.name]?.trustPolicy)).not.toContain("lambda");
    expect(a.awsWrites).toEqual([]);
  });

  test("the former owner that has seen them once believes no older read", async () => {
    await adoptedUnderLag();
    account.nowMs += 2 * LAG_MS;
    await a.controller().settle();
    expect(a.ready).toBe("False HandedOver");
    // An older state is what a read from another replica of IAM may show.
    await account.outsider("TagRole", {
      RoleName: APP.name,
      ...{ "Tags.member.1.Key": TAG_KEYS.clusterId, "Tags.member.1.Value": "a" },
    });
    account.nowMs += 2 * LAG_MS;
    await a.controller().settle();
    a.kube.delete(APP);
    await a.controller().settle();
    expect([a.object, a.awsWrites]).toEqual([undefined, []]);
  });
});
