import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { ASSOCIATED_BY_TAG } from "../../src/model/instances/association-tags.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { Ec2User } from "../support/ec2-user.ts";
import type { Incarnation } from "../support/incarnation.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { EC2_TRUST, outsider } from "../support/outsider.ts";
import { REGION, World } from "../support/world.ts";

const WEB = { app: "web" };
const PROFILE = "s3-read-only";
const OWNER = `${CLUSTER_ID}/default/${PROFILE}`;
const EC2_WRITES = /associat|CreateTags|DeleteTags/i;

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
  world.aws.setAwkwardness({});
  controller = world.controller();
});

function instances(more: object = {}): { readonly instances: object } {
  return { instances: { region: REGION, selector: { matchTags: WEB }, ...more } };
}

async function apply(more: object = {}): Promise<void> {
  await world.apply(world.manifest(instances(more)));
  await controller.settle();
}

/** As an edit would, or a scan that has seen a change. */
async function lookAgain(): Promise<void> {
  world.nowMs += 5_000;
  await controller.settle();
}

async function condition(key?: ObjectKey): Promise<string> {
  const found = (await world.object(key))?.status?.conditions?.find(({ type }) => type === "InstancesAssociated");
  return `${found?.status} ${found?.reason}`;
}

async function message(): Promise<string> {
  const conditions = (await world.object())?.status?.conditions ?? [];
  return conditions.find(({ type }) => type === "InstancesAssociated")?.message ?? "";
}

/** `status.instances` without the record of the claim. */
async function tally(): Promise<unknown> {
  const { claim: _, ...rest } = ((await world.object())?.status?.instances ?? {}) as Record<string, unknown>;
  return rest;
}

function ec2Writes(): readonly string[] {
  return world.awsWrites().filter((action) => EC2_WRITES.test(action));
}

/** Another profile of the account, made by hand. */
async function anotherProfile(name: string): Promise<void> {
  await outsider(world.aws.url, "CreateRole", { RoleName: name, AssumeRolePolicyDocument: EC2_TRUST });
  await outsider(world.aws.url, "CreateInstanceProfile", { InstanceProfileName: name });
  await outsider(world.aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name });
}

describe("an instance that matches", () => {
  test("gets the profile, running or stopped, and others do not", async () => {
    const [running, stopped, stranger] = [
      await ec2.runOne({ tags: WEB }),
      await ec2.runOne({ tags: WEB }),
      await ec2.runOne(),
    ];
    await ec2.stop(stopped);
    await apply();
    expect([await ec2.profileOf(running), await ec2.profileOf(stopped)]).toEqual([PROFILE, PROFILE]);
    expect(await ec2.profileOf(stranger)).toBeUndefined();
    const each = ["CreateTags", "AssociateIamInstanceProfile"];
    expect(ec2Writes()).toEqual([...each, ...each]);
    expect([await world.ready(), await condition()]).toEqual(["True InSync", "True AllAssociated"]);
    expect(await tally()).toEqual({ matched: 2, associated: 2, pending: 0 });
  });

  test("costs no write when it has the profile already, whoever gave it", async () => {
    await apply();
    const id = await ec2.runOne({ tags: WEB, profile: PROFILE });
    world.forgetCalls();
    await lookAgain();
    expect(world.awsWrites()).toEqual([]);
    expect(await tally()).toEqual({ matched: 1, associated: 1, pending: 0 });
    expect(await ec2.tagsOf(id)).toEqual(WEB);
  });

  test("gets it back when somebody takes it off", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await ec2.disassociate(id);
    world.nowMs += 130_000;
    world.forgetCalls();
    await controller.settle();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    expect(ec2Writes()).toEqual(["AssociateIamInstanceProfile"]);
  });

  test("is one by its id, and an id that is not there is a named conflict", async () => {
    const id = await ec2.runOne();
    await apply({ selector: undefined, ids: [id, "i-00000000000000000"] });
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    expect(await condition()).toBe("False InstanceConflict");
    expect(await message()).toContain(`i-00000000000000000 is not in ${REGION}`);
    expect(await world.ready()).toBe("True InSync");
  });

  test("is waited for while it starts, and no longer counts when it has ended", async () => {
    world.aws.setAwkwardness({ ec2TransitionMs: 30_000 });
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    expect([await world.ready(), await condition()]).toEqual(["True InSync", "False InstancesPending"]);
    expect(ec2Writes()).toEqual([]);
    world.nowMs += 31_000;
    await controller.settle();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    await ec2.terminate(id);
    await lookAgain();
    expect([await condition(), await tally()]).toEqual([
      "True NoInstancesMatch",
      { matched: 0, associated: 0, pending: 0 },
    ]);
  });

  test("carries a profile that was deleted and made again: it gets the new one", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await outsider(world.aws.url, "RemoveRoleFromInstanceProfile", { InstanceProfileName: PROFILE, RoleName: PROFILE });
    await outsider(world.aws.url, "DeleteInstanceProfile", { InstanceProfileName: PROFILE });
    world.nowMs += 130_000;
    world.forgetCalls();
    await controller.settle();
    expect(ec2Writes()).toContain("ReplaceIamInstanceProfileAssociation");
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    expect(await condition()).toBe("True AllAssociated");
  });
});

describe("an instance with another profile", () => {
  beforeEach(() => anotherProfile("other"));

  test("keeps it with Keep, and is a named conflict", async () => {
    const id = await ec2.runOne({ tags: WEB, profile: "other" });
    await apply();
    expect(await ec2.profileOf(id)).toBe("other");
    expect([await world.ready(), await condition()]).toEqual(["True InSync", "False InstanceConflict"]);
    expect(await message()).toBe(
      `0 of 1 matching instances have the instance profile; ${id} has instance profile other, and onConflict is Keep`,
    );
    expect(await world.eventReasons()).toContain("InstanceConflict");
    expect(ec2Writes()).toEqual([]);
  });

  test("gets this one with Replace: in one call while it runs, in two while it is stopped", async () => {
    const running = await ec2.runOne({ tags: WEB, profile: "other" });
    const stopped = await ec2.runOne({ tags: WEB, profile: "other" });
    await ec2.stop(stopped);
    await apply({ onConflict: "Replace" });
    expect([await ec2.profileOf(running), await ec2.profileOf(stopped)]).toEqual([PROFILE, PROFILE]);
    expect(ec2Writes().toSorted()).toEqual([
      ...["AssociateIamInstanceProfile", "CreateTags", "CreateTags", "DisassociateIamInstanceProfile"],
      "ReplaceIamInstanceProfileAssociation",
    ]);
  });

  test("that somebody has put in the place of ours: Keep lets him, and forgets that it ever was ours", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await ec2.replace(id, "other");
    await lookAgain();
    expect([await ec2.profileOf(id), await condition()]).toEqual(["other", "False InstanceConflict"]);
    expect(await ec2.tagsOf(id)).toEqual(WEB);
  });

  test("that somebody has put in the place of ours: Replace takes it back", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply({ onConflict: "Replace" });
    await ec2.replace(id, "other");
    await lookAgain();
    expect([await ec2.profileOf(id), await condition()]).toEqual([PROFILE, "True AllAssociated"]);
  });
});

describe("an instance that matches no longer", () => {
  test("loses the profile that the controller gave it, and the tag with it", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    expect(await ec2.tagsOf(id)).toEqual({ ...WEB, [ASSOCIATED_BY_TAG]: `${OWNER}@${id}` });
    await ec2.tag(id, { app: "db" });
    await lookAgain();
    expect([await ec2.profileOf(id), await ec2.tagsOf(id)]).toEqual([undefined, { app: "db" }]);
  });

  test("keeps the profile that somebody else gave it", async () => {
    await apply();
    const id = await ec2.runOne({ tags: WEB, profile: PROFILE });
    await lookAgain();
    await ec2.tag(id, { app: "db" });
    await lookAgain();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
  });

  test("loses it also when the object asks for no instances any more, or for those of another region", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await world.apply(world.manifest());
    await controller.settle();
    expect(await ec2.profileOf(id)).toBeUndefined();
    expect((await world.object())?.status).not.toHaveProperty("instances");
    await apply();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    await apply({ region: "eu-north-1" });
    expect(await ec2.profileOf(id)).toBeUndefined();
  });

  test("a fresh controller knows as well as the one that died what was associated", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await world.apply(world.manifest());
    await world.controller().settle();
    expect([await ec2.profileOf(id), await ec2.tagsOf(id)]).toEqual([undefined, WEB]);
  });
});

describe("two objects that select one instance", () => {
  const OTHER: ObjectKey = { namespace: "default", name: "younger" };

  async function applyBoth(): Promise<string> {
    const id = await ec2.runOne({ tags: WEB });
    world.kube.apply({ ...s3ReadOnly(world.key, instances(), { creationTimestamp: "2026-01-01T00:00:00Z" }) });
    world.kube.apply({ ...s3ReadOnly(OTHER, instances(), { creationTimestamp: "2026-01-02T00:00:00Z" }) });
    return id;
  }

  test("which ask for it at once: the older has it, the younger says so, whichever is reconciled first", async () => {
    const id = await applyBoth();
    await controller.see(world.key, OTHER);
    await controller.settle(OTHER);
    expect(await condition(OTHER)).toBe("False InstanceConflict");
    await controller.settle();
    expect([await ec2.profileOf(id), await condition()]).toEqual([PROFILE, "True AllAssociated"]);
    await controller.settle(OTHER);
    expect(await ec2.profileOf(id)).toBe(PROFILE);
  });

  test("the younger keeps what it has, and gets the next one too, when the older asks for it later", async () => {
    const id = await applyBoth();
    await controller.settle(OTHER);
    await controller.see(world.key, OTHER);
    const next = await ec2.runOne({ tags: WEB });
    world.nowMs += 5_000;
    world.forgetCalls();
    await controller.settle();
    expect(ec2Writes()).toEqual([]);
    expect(await condition()).toBe("False InstanceConflict");
    expect(await message()).toContain(
      "is claimed by InstanceProfile default/younger, which also selects it and claimed it first",
    );
    await controller.settle(OTHER);
    expect([await ec2.profileOf(id), await ec2.profileOf(next)]).toEqual(["younger", "younger"]);
  });

  test("and are both associated with it at once: the marker decides, and no moment is without a profile", async () => {
    const id = await applyBoth();
    await controller.settle(OTHER);
    await ec2.tag(id, { [ASSOCIATED_BY_TAG]: `${OWNER}@${id}` });
    await controller.see(world.key, OTHER);
    world.nowMs += 130_000;
    world.forgetCalls();
    await controller.settle();
    expect([await ec2.profileOf(id), await condition()]).toEqual([PROFILE, "True AllAssociated"]);
    expect(ec2Writes()).toEqual(["ReplaceIamInstanceProfileAssociation"]);
  });

  test("the younger has it when the older goes", async () => {
    const id = await applyBoth();
    await controller.see(world.key, OTHER);
    await controller.settle();
    await world.delete();
    await controller.settle();
    await controller.settle(OTHER);
    expect(await ec2.profileOf(id)).toBe("younger");
  });
});

describe("deletion", () => {
  test("takes the profile off what the controller associated, and goes on", async () => {
    const id = await ec2.runOne({ tags: WEB });
    await apply();
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect([await ec2.profileOf(id), await ec2.tagsOf(id)]).toEqual([undefined, WEB]);
  });

  test("waits for instances that somebody else started with the profile, names them, and goes on when the last one ends", async () => {
    await apply();
    const ids = [await ec2.runOne({ profile: PROFILE }), await ec2.runOne({ profile: PROFILE })];
    const mine = await ec2.runOne({ tags: WEB });
    await lookAgain();
    await world.delete();
    world.forgetCalls();
    await controller.settle();
    expect(await world.ready()).toBe("False InstancesUseProfile");
    const ready = (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready");
    for (const id of ids) expect(ready?.message).toContain(id);
    expect(world.awsWrites()).toEqual([]);
    expect(await ec2.profileOf(mine)).toBe(PROFILE);
    await ec2.terminate(...ids);
    world.nowMs += 60_000;
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });

  test("by force passes them, with an Event that names them", async () => {
    await apply();
    const id = await ec2.runOne({ profile: PROFILE });
    await world.annotate({ "iam.instanceprofile.dev/force-delete": "true" });
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    const forced = world.kube.events.filter(({ reason }) => reason === "DeletedInUse");
    expect(forced).toHaveLength(1);
    expect(forced[0]?.note).toContain(id);
  });

  test("costs two reads of EC2 more for an object without instances, and a third when an instance has the profile, which blocks it", async () => {
    await world.apply(world.manifest());
    await controller.settle();
    const id = await ec2.runOne({ profile: PROFILE });
    await world.delete();
    await controller.settle();
    expect(await world.ready()).toBe("False InstancesUseProfile");
    expect(world.awsCalls().filter((action) => action.startsWith("Describe"))).toEqual([
      "DescribeIamInstanceProfileAssociations",
      "DescribeLaunchTemplateVersions",
      "DescribeInstances",
    ]);
    await ec2.terminate(id);
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });

  test("goes on where the controller may not look, and an Event says so", async () => {
    await world.apply(world.manifest());
    await controller.settle();
    for (const action of ["DescribeIamInstanceProfileAssociations", "DescribeInstances"])
      world.aws.denyActions.add(`ec2:${action}`);
    await world.delete();
    await controller.settle();
    world.aws.denyActions.clear();
    expect(await world.object()).toBeUndefined();
    expect(await world.eventReasons()).toContain("InstancesNotSearched");
  });
});

describe("trouble with EC2", () => {
  test("a profile that EC2 does not know yet is waited for, and the condition says so", async () => {
    world.aws.setAwkwardness({ ec2ProfileDelayMs: 20_000 });
    const id = await ec2.runOne({ tags: WEB });
    await world.apply(world.manifest(instances()));
    await controller.once();
    expect([await world.ready(), await condition()]).toEqual(["False WaitingForEC2", "False InstancesPending"]);
    const rounds = await controller.settle();
    expect(rounds).toBeLessThan(7);
    expect([await ec2.profileOf(id), await world.ready()]).toEqual([PROFILE, "True InSync"]);
  });

  test("the wait is bounded: two minutes after the profile was made the refusal is a failure", async () => {
    world.aws.setAwkwardness({ ec2ProfileDelayMs: 10_000_000 });
    await ec2.runOne({ tags: WEB });
    await world.apply(world.manifest(instances()));
    for (let round = 0; round < 5; round++) {
      await controller.once();
      world.nowMs += 30_000;
    }
    expect(await world.ready()).toBe("False InstanceProfileNotYetUsable");
  });

  test("without permission for EC2 role and profile are kept in order, and Ready says what is missing", async () => {
    world.aws.denyActions.add("ec2:DescribeInstances");
    await world.apply(world.manifest(instances()));
    await controller.settle();
    expect([await world.ready(), await condition()]).toEqual(["False AccessDenied", "Unknown AccessDenied"]);
    expect(world.awsWrites()).toContain("AddRoleToInstanceProfile");
    world.aws.denyActions.clear();
    world.nowMs += 60_000;
    await controller.settle();
    expect([await world.ready(), await condition()]).toEqual(["True InSync", "True NoInstancesMatch"]);
  });

  test("an instance that got a profile since it was read is no failure: EC2 refuses, and the next look decides", async () => {
    await anotherProfile("other");
    const id = await ec2.runOne({ tags: WEB });
    world.aws.onRequest(({ action }) => {
      if (action !== "CreateTags") return undefined;
      world.aws.onRequest(undefined);
      return ec2.associate(id, "other").then(() => undefined);
    });
    await apply();
    expect([await ec2.profileOf(id), await condition()]).toEqual(["other", "False InstanceConflict"]);
  });
});
