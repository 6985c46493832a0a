import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ASSOCIATED_BY_TAG, FORMER_REGIONS_TAG, REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import type { Incarnation } from "../../support/incarnation.ts";
import { REGION, World } from "../../support/world.ts";

/** Somebody gives an instance of their own the tag that says "the controller associated this one". */
const PROFILE = "s3-read-only";
const OWNER = `${CLUSTER_ID}/default/${PROFILE}`;
const WEB = { app: "web" };

let world: World;
let ec2: Ec2User;
let controller: Incarnation;

beforeAll(async () => {
  world = await World.open();
  ec2 = new Ec2User(world.aws.url, REGION);
});
afterAll(async () => {
  ec2.close();
  await world.close();
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});

async function reconcile(): Promise<void> {
  world.nowMs += 5_000;
  await controller.settle();
}

/** An object whose profile is on one instance. */
async function established(): Promise<string> {
  const id = await ec2.runOne({ tags: WEB });
  await world.apply(world.manifest({ instances: { region: REGION, selector: { matchTags: WEB } } }));
  await reconcile();
  return id;
}

const marker = async (id: string): Promise<string | undefined> => (await ec2.tagsOf(id))[ASSOCIATED_BY_TAG];
const profileTags = (): Readonly<Record<string, string>> => world.aws.snapshot().instanceProfiles[PROFILE]?.tags ?? {};

/** What the instance and its record looked like under an earlier version. */
async function asOfEarlierVersion(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await ec2.tag(id, { [ASSOCIATED_BY_TAG]: OWNER });
  await world.outsider("UntagInstanceProfile", { InstanceProfileName: PROFILE, "TagKeys.member.1": REGIONS_TAG });
  await world.outsider("TagInstanceProfile", {
    InstanceProfileName: PROFILE,
    "Tags.member.1.Key": FORMER_REGIONS_TAG,
    "Tags.member.1.Value": REGION,
  });
  controller = world.controller();
}

describe("an instance that its owner started with the profile keeps it", () => {
  /** Each with the marker that the owner copied, or made up, from that of J. */
  const MARKERS: readonly (readonly [string, (j: string, k: string) => string])[] = [
    ["the marker of another instance", (j) => `${OWNER}@${j}`],
    ["a marker of an earlier version", () => OWNER],
    ["a marker without an instance", () => `${OWNER}@`],
    ["a marker with a part of its id", (_, k) => `${OWNER}@${k.slice(0, -1)}`],
    ["a marker with its id in capitals", (_, k) => `${OWNER}@${k.toUpperCase()}`],
    ["a marker with two ids", (j, k) => `${OWNER}@${k}@${j}`],
    ["a marker of another object", (_, k) => `${CLUSTER_ID}/default/other@${k}`],
    ["a marker of another namespace", (_, k) => `${CLUSTER_ID}/team-b/${PROFILE}@${k}`],
    ["a marker of another cluster", (_, k) => `cluster-2/default/${PROFILE}@${k}`],
    ["a marker of no cluster", (_, k) => `default/${PROFILE}@${k}`],
    ["a marker in capitals", (_, k) => `${OWNER.toUpperCase()}@${k}`],
    ["its id alone", (_, k) => k],
  ];

  test.each(MARKERS)("with %s, when it does not match", async (_what, markerFor) => {
    const j = await established();
    const k = await ec2.runOne({ tags: { app: "other" }, profile: PROFILE });
    await ec2.tag(k, { [ASSOCIATED_BY_TAG]: markerFor(j, k) });
    await reconcile();
    expect(await ec2.profileOf(k)).toBe(PROFILE);
  });

  test.each(MARKERS)("with %s, when it matched and matches no longer", async (_what, markerFor) => {
    const j = await established();
    const k = await ec2.runOne({ tags: WEB, profile: PROFILE });
    await ec2.tag(k, { [ASSOCIATED_BY_TAG]: markerFor(j, k) });
    await reconcile();
    await ec2.tag(k, { app: "other" });
    await reconcile();
    expect(await ec2.profileOf(k)).toBe(PROFILE);
  });

  test("with all tags of J, and holds up the end of the object that J loses the profile of", async () => {
    const j = await established();
    const k = await ec2.runOne({ tags: { ...(await ec2.tagsOf(j)), app: "other" }, profile: PROFILE });
    await world.delete();
    await reconcile();
    expect(await ec2.profileOf(k)).toBe(PROFILE);
    expect(await world.ready()).toBe("False InstancesUseProfile");
    const message = (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready")?.message;
    expect(message).toContain(k);
    expect(message).not.toContain(j);
  });

  test("with all tags of J, when the object asks for instances no more", async () => {
    const j = await established();
    const k = await ec2.runOne({ tags: await ec2.tagsOf(j), profile: PROFILE });
    await world.apply(world.manifest());
    await reconcile();
    expect([await ec2.profileOf(j), await ec2.profileOf(k)]).toEqual([undefined, PROFILE]);
  });
});

test("an instance that its owner started with the profile of a younger object keeps it, with a marker copied from another one", async () => {
  const key = { namespace: "default", name: "older" };
  const shared = { region: REGION, selector: { matchTags: { shared: "yes" } } };
  await world.apply(world.manifest({ roleName: "older", instances: shared }, { name: "older" }));
  await controller.settle(key);
  world.nowMs += 60_000;
  const j = await established();
  const k = await ec2.runOne({ tags: { ...WEB, shared: "yes" }, profile: PROFILE });
  await ec2.tag(k, { [ASSOCIATED_BY_TAG]: `${OWNER}@${j}` });
  await controller.see(world.key, key);
  world.nowMs += 5_000;
  await controller.settle(key);
  expect(await ec2.profileOf(k)).toBe(PROFILE);
  await ec2.tag(k, { [ASSOCIATED_BY_TAG]: `${OWNER}@${k}` });
  world.nowMs += 5_000;
  await controller.settle(key);
  expect(await ec2.profileOf(k)).toBe(PROFILE);
});

describe("markers of an earlier version", () => {
  test("are replaced on the instances that the spec selects, and the profile says from then on that none are left", async () => {
    const j = await established();
    await asOfEarlierVersion(j);
    await reconcile();
    expect(await marker(j)).toBe(`${OWNER}@${j}`);
    expect(profileTags()).toMatchObject({ [REGIONS_TAG]: REGION });
    expect(profileTags()).not.toHaveProperty([FORMER_REGIONS_TAG]);
    await ec2.tag(j, { app: "other" });
    await reconcile();
    expect(await ec2.profileOf(j)).toBeUndefined();
  });

  test("prove nothing on an instance that the spec does not select: it may be a copy", async () => {
    const j = await established();
    const k = await ec2.runOne({ tags: { app: "other" }, profile: PROFILE });
    await asOfEarlierVersion(j, k);
    await reconcile();
    expect([await ec2.profileOf(j), await ec2.profileOf(k)]).toEqual([PROFILE, PROFILE]);
    expect([await marker(j), await marker(k)]).toEqual([`${OWNER}@${j}`, OWNER]);
  });

  test("prove nothing once they have been replaced, so a later copy is worthless", async () => {
    const j = await established();
    await asOfEarlierVersion(j);
    await reconcile();
    const k = await ec2.runOne({ tags: { ...WEB, [ASSOCIATED_BY_TAG]: OWNER }, profile: PROFILE });
    await reconcile();
    await ec2.tag(k, { app: "other" });
    await reconcile();
    expect(await ec2.profileOf(k)).toBe(PROFILE);
  });

  test("do not make the profile of a younger object give way on an instance that its owner started with it", async () => {
    const j = await established();
    const key = { namespace: "default", name: "younger" };
    const younger = { roleName: "younger", instances: { region: REGION, selector: { matchTags: WEB } } };
    await world.apply(world.manifest(younger, { name: "younger", creationTimestamp: "2030-01-01T00:00:00Z" }));
    await controller.see(world.key);
    await controller.settle(key);
    const k = await ec2.runOne({ tags: WEB, profile: "younger" });
    await asOfEarlierVersion(j, k);
    await controller.see(world.key, key);
    await reconcile();
    expect([await ec2.profileOf(j), await ec2.profileOf(k)]).toEqual([PROFILE, "younger"]);
  });

  test("count when the object is deleted before they are replaced", async () => {
    const j = await established();
    await asOfEarlierVersion(j);
    await world.delete();
    await reconcile();
    expect(await world.object()).toBeUndefined();
    expect([await ec2.profileOf(j), await marker(j)]).toEqual([undefined, undefined]);
  });

  test("of an unselected instance hold up the end of the object", async () => {
    const j = await established();
    await asOfEarlierVersion(j);
    await ec2.tag(j, { app: "other" });
    await world.delete();
    await reconcile();
    expect(await world.ready()).toBe("False InstancesUseProfile");
    expect(await ec2.profileOf(j)).toBe(PROFILE);
  });
});
