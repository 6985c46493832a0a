import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KubeObject, ObjectKey } from "../../../src/engine/ports.ts";
import { ASSOCIATED_BY_TAG } from "../../../src/model/instances/association-tags.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import type { Incarnation } from "../../support/incarnation.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { REGION, World } from "../../support/world.ts";

/** The team of `victim` has its profile on the instances that it selects; that of `intruder` wants them to have its own. */
const VICTIM: ObjectKey = { namespace: "team-v", name: "victim" };
const INTRUDER: ObjectKey = { namespace: "team-a", name: "intruder" };
const WEB = { app: "web" };
type Fields = Readonly<Record<string, unknown>>;

const WANTS_WEB: Fields = { instances: { region: REGION, selector: { matchTags: WEB }, onConflict: "Replace" } };
const WANTS_MORE: Fields = {
  instances: { region: REGION, selector: { matchTags: { ...WEB, tier: "1" } }, onConflict: "Replace" },
};
const WANTS_OTHERS: Fields = { instances: { region: REGION, selector: { matchTags: { app: "mine" } } } };

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
  world.aws.denyActions.clear();
  controller = world.controller();
});

/** As an author applies it; the API server sets the creation time, and each object can be the older one. */
function apply(key: ObjectKey, spec: Fields, created: "first" | "later"): void {
  const uid = created === "first" ? "00000000-old" : "ffffffff-young";
  const creationTimestamp = created === "first" ? "2020-01-01T00:00:00Z" : "2025-12-31T00:00:00Z";
  world.kube.apply({ ...s3ReadOnly(key, spec, { uid, creationTimestamp }) });
}

async function reconcile(...keys: readonly ObjectKey[]): Promise<void> {
  await controller.see(VICTIM, INTRUDER);
  for (const key of keys) {
    world.nowMs += 5_000;
    await controller.settle(key);
    await controller.see(key);
  }
}

/** An older object of the intruder without instances, and an instance that has the profile of the younger victim. */
async function held(): Promise<string> {
  const id = await ec2.runOne({ tags: { ...WEB, tier: "1" } });
  apply(INTRUDER, {}, "first");
  apply(VICTIM, WANTS_WEB, "later");
  await reconcile(INTRUDER, VICTIM);
  expect(await ec2.profileOf(id)).toBe("victim");
  return id;
}

async function statusOf(key: ObjectKey): Promise<Record<string, unknown>> {
  return ((await world.object(key))?.status ?? {}) as Record<string, unknown>;
}

/** Another client, or a backup, writes the status. */
async function forge(
  key: ObjectKey,
  change: (status: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const value = change(await statusOf(key));
  await world.kube.patchStatus(key, [{ op: "add", path: "/status", value }]);
}

function claimIn({ instances }: Record<string, unknown>): { time: string; selection: string } {
  return (instances as { claim: { time: string; selection: string } }).claim;
}

const twice = [INTRUDER, VICTIM, INTRUDER, VICTIM];

describe("An instance stays with the object that has it", () => {
  test.each<[string, Fields]>([
    ["selects it later", WANTS_WEB],
    ["selects it later by more tags", WANTS_MORE],
    ["selects it later without Replace", { instances: { region: REGION, selector: { matchTags: WEB } } }],
  ])("when an older object %s", async (_, wants) => {
    const id = await held();
    apply(INTRUDER, wants, "first");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("when an older object names it by its id later", async () => {
    const id = await held();
    apply(INTRUDER, { instances: { region: REGION, ids: [id], onConflict: "Replace" } }, "first");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("when an older object that has claimed others for long turns to it", async () => {
    apply(INTRUDER, WANTS_OTHERS, "first");
    await reconcile(INTRUDER);
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("when the status of its object is wiped", async () => {
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(...twice);
    await forge(VICTIM, () => ({ observedGeneration: -1 }));
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("when a backup brings back a status of the intruder from before the claim of the victim", async () => {
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(INTRUDER);
    const backup = await statusOf(INTRUDER);
    apply(INTRUDER, {}, "first");
    await reconcile(INTRUDER);
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    await forge(INTRUDER, () => backup);
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test.each<[string, Fields]>([
    ["suspended", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
  ])("while its object is %s, and somebody takes the profile off by hand", async (_, parked) => {
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    apply(VICTIM, { ...WANTS_WEB, ...parked }, "later");
    await ec2.disassociate(id);
    world.nowMs += 130_000;
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBeUndefined();
    apply(VICTIM, WANTS_WEB, "later");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("after a restart of the controller, whichever object is reconciled first", async () => {
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    controller = world.controller();
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("until the object no longer selects it", async () => {
    const id = await held();
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(INTRUDER);
    apply(VICTIM, WANTS_OTHERS, "later");
    await reconcile(VICTIM, INTRUDER);
    expect(await ec2.profileOf(id)).toBe("intruder");
  });
});

describe("The next instance goes to the object that claimed first", () => {
  /** As an Auto Scaling group replaces an instance. */
  async function next(): Promise<string> {
    const id = await ec2.runOne({ tags: { ...WEB, tier: "1" } });
    await reconcile(...twice);
    return (await ec2.profileOf(id)) ?? "";
  }

  test.each<[string, (id: string) => Promise<void> | void]>([
    ["selects the same later", () => apply(INTRUDER, WANTS_WEB, "first")],
    ["selects more narrowly later", () => apply(INTRUDER, WANTS_MORE, "first")],
    [
      "has claimed others for long, and turns to these",
      async () => {
        apply(INTRUDER, WANTS_OTHERS, "first");
        await reconcile(INTRUDER);
        world.nowMs += 3_600_000;
        apply(VICTIM, { ...WANTS_MORE }, "later");
        await reconcile(VICTIM);
        apply(INTRUDER, WANTS_WEB, "first");
      },
    ],
    [
      "claimed them before, gave them up, and asks again",
      async () => {
        apply(INTRUDER, WANTS_WEB, "first");
        await reconcile(INTRUDER);
        apply(INTRUDER, {}, "first");
        await reconcile(INTRUDER);
        apply(INTRUDER, WANTS_WEB, "first");
      },
    ],
    [
      "asked for them while it was suspended",
      async () => {
        apply(INTRUDER, { ...WANTS_WEB, suspend: true }, "first");
        await reconcile(INTRUDER);
        apply(INTRUDER, WANTS_WEB, "first");
      },
    ],
    [
      "has the record of another object in its status",
      async () => {
        const { time, selection } = claimIn(await statusOf(VICTIM));
        const stolen = {
          matched: 0,
          associated: 0,
          pending: 0,
          claim: { time: "2020-01-01T00:00:00.000Z", selection },
        };
        expect(time).not.toBe("");
        await forge(INTRUDER, (status) => ({ ...status, instances: stolen }));
        apply(INTRUDER, WANTS_WEB, "first");
      },
    ],
    [
      "has a record that is no time",
      async () => {
        apply(INTRUDER, WANTS_WEB, "first");
        await reconcile(INTRUDER);
        await forge(INTRUDER, (status) => {
          const instances = status["instances"] as Record<string, unknown>;
          return { ...status, instances: { ...instances, claim: { ...claimIn(status), time: "ever" } } };
        });
      },
    ],
  ])("not to an older one that %s", async (_, intrude) => {
    const id = await held();
    await intrude(id);
    await reconcile(...twice);
    expect(await next()).toBe("victim");
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("also when the clock of an earlier leader was ahead of this one", async () => {
    await held();
    await forge(VICTIM, (status) => {
      const instances = status["instances"] as Record<string, unknown>;
      const claim = { ...claimIn(status), time: new Date(world.nowMs + 3_600_000).toISOString() };
      return { ...status, instances: { ...instances, claim } };
    });
    apply(INTRUDER, WANTS_WEB, "first");
    expect(await next()).toBe("victim");
    const [mine, theirs] = [claimIn(await statusOf(VICTIM)), claimIn(await statusOf(INTRUDER))];
    expect(Date.parse(theirs.time)).toBeGreaterThan(Date.parse(mine.time));
  });

  test("and a change of onConflict is no other claim", async () => {
    await held();
    const before = claimIn(await statusOf(VICTIM));
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(INTRUDER);
    apply(VICTIM, { instances: { region: REGION, selector: { matchTags: WEB } } }, "later");
    await reconcile(...twice);
    expect(claimIn(await statusOf(VICTIM))).toEqual(before);
    expect(await next()).toBe("victim");
  });

  test("while that one is suspended too, once its claim is recorded", async () => {
    await held();
    apply(VICTIM, { ...WANTS_WEB, suspend: true }, "later");
    apply(INTRUDER, WANTS_WEB, "first");
    expect(await next()).toBe("");
  });
});

describe("A claim that the controller never recorded gives way", () => {
  test.each<[string, Fields]>([
    ["suspended", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
  ])("when its object is %s, to that of an object that can be reconciled", async (_, parked) => {
    apply(INTRUDER, {}, "first");
    await reconcile(INTRUDER);
    apply(INTRUDER, { ...WANTS_WEB, ...parked }, "first");
    await reconcile(INTRUDER);
    const id = await ec2.runOne({ tags: WEB });
    apply(VICTIM, WANTS_WEB, "later");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });

  test("when its object cannot be created", async () => {
    world.aws.denyActions.add("iam:CreateRole");
    apply(INTRUDER, WANTS_WEB, "first");
    await reconcile(INTRUDER);
    world.aws.denyActions.clear();
    expect((await statusOf(INTRUDER))["instances"] ?? {}).not.toHaveProperty("claim");
    const id = await ec2.runOne({ tags: WEB });
    apply(VICTIM, WANTS_WEB, "later");
    await reconcile(VICTIM);
    expect(await ec2.profileOf(id)).toBe("victim");
    await reconcile(...twice);
    expect(await ec2.profileOf(id)).toBe("victim");
  });
});

describe("Two claims that come at once", () => {
  test.each([
    [INTRUDER, VICTIM],
    [VICTIM, INTRUDER],
  ])("are recorded in one order, whichever is reconciled first (%j, then %j)", async (one, other) => {
    const id = await ec2.runOne({ tags: WEB });
    apply(INTRUDER, WANTS_WEB, "first");
    apply(VICTIM, WANTS_WEB, "later");
    await reconcile(one, other, one, other);
    expect(await ec2.profileOf(id)).toBe("intruder");
    const [first, second] = [claimIn(await statusOf(INTRUDER)), claimIn(await statusOf(VICTIM))];
    expect(Date.parse(second.time)).toBeGreaterThan(Date.parse(first.time));
  });

  test("which were made before claims were recorded keep what each has, and both are recorded", async () => {
    const [mine, theirs] = [await ec2.runOne({ tags: WEB }), await ec2.runOne({ tags: WEB })];
    apply(INTRUDER, WANTS_WEB, "first");
    apply(VICTIM, WANTS_WEB, "later");
    await ec2.tag(mine, { [ASSOCIATED_BY_TAG]: `${CLUSTER_ID}/team-v/victim@${mine}` });
    await ec2.tag(theirs, { [ASSOCIATED_BY_TAG]: `${CLUSTER_ID}/team-a/intruder@${theirs}` });
    await reconcile(VICTIM, INTRUDER, VICTIM);
    expect([await ec2.profileOf(mine), await ec2.profileOf(theirs)]).toEqual(["victim", "intruder"]);
    expect(claimIn(await statusOf(VICTIM)).time > claimIn(await statusOf(INTRUDER)).time).toBe(true);
  });
});

test("The record of a claim costs no write of its own, and none once it is there", async () => {
  await held();
  world.forgetCalls();
  await reconcile(VICTIM, VICTIM);
  expect(world.kubeWrites()).toEqual([]);
  expect(world.awsWrites()).toEqual([]);
});

test("An object of the cache without a status is read as one that has recorded nothing", async () => {
  const raw = s3ReadOnly(VICTIM, WANTS_WEB) as unknown as KubeObject;
  expect(
    controller.claims
      .of("own")
      .claims.of(raw)
      .map(({ instances }) => instances.priority.claimedTime),
  ).toEqual([undefined]);
});
