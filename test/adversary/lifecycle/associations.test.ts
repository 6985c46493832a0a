import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { ASSOCIATED_BY_TAG, REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import { aClass, CLUSTER_ID } from "../../support/builders.ts";
import { Ec2User } from "../../support/ec2-user.ts";
import type { Incarnation } from "../../support/incarnation.ts";
import { REGION, World } from "../../support/world.ts";

/** An author keeps a profile on instances after the class has taken back the region, by an object that is not applied. */
type Spec = Readonly<Record<string, unknown>>;

const PROFILE = "s3-read-only";
const ELSEWHERE = "eu-north-1";
const WEB = { app: "web" };
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const HERE: Spec = { instances: { region: REGION, selector: { matchTags: WEB } } };
const THERE: Spec = { instances: { region: ELSEWHERE, selector: { matchTags: WEB } } };

const WIDE: Partial<InstanceProfileClassSpec> = { allowedInstanceRegions: ["*"] };
const NARROW: Partial<InstanceProfileClassSpec> = { allowedInstanceRegions: [ELSEWHERE] };
const CLOSED: Partial<InstanceProfileClassSpec> = { allowedInstanceRegions: [] };
const NOT_OURS: Partial<InstanceProfileClassSpec> = { allowedInstanceRegions: ["*"], namespaces: ["others"] };

let world: World;
let ec2: Ec2User;
let controller: Incarnation;
let generation = 0;
let classes: readonly KubeObject[];

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
  world.aws.onRequest(undefined);
  classIs(WIDE);
  world.classes = () => classes;
  controller = world.controller();
});

function classIs(spec: Partial<InstanceProfileClassSpec>, onViolation: "Strip" | "Keep" = "Strip"): void {
  generation += 1;
  classes = [aClass({ onViolation, ...spec }, { metadata: { generation } }) as unknown as KubeObject];
}

async function edit(spec: Spec): Promise<void> {
  await world.apply(world.manifest({ className: "readers", statements: [GET], ...spec }));
}

async function reconcile(): Promise<void> {
  world.nowMs += 5_000;
  await controller.once();
}

/** An object whose profile is on an instance of the first region. */
async function associated(): Promise<string> {
  const id = await ec2.runOne({ tags: WEB });
  await edit(HERE);
  await controller.settle();
  expect(await ec2.profileOf(id)).toBe(PROFILE);
  return id;
}

async function condition(type: string): Promise<string> {
  const found = (await world.object())?.status?.conditions?.find((one) => one.type === type);
  return `${found?.status} ${found?.reason}`;
}

/** The instances with both the profile and a marker. */
async function holders(): Promise<readonly unknown[]> {
  return (await ec2.all()).filter(({ profile, tags }) => profile === PROFILE && tags[ASSOCIATED_BY_TAG] !== undefined);
}

const recorded = (): string | undefined => world.aws.snapshot().instanceProfiles[PROFILE]?.tags[REGIONS_TAG];
const INVALID: Spec = { statements: [{ effect: "Maybe" }] };

/** How an author keeps the controller from applying the spec. */
const PARKED: readonly (readonly [string, Spec])[] = [
  ["suspended, and asks for no instances any more", { suspend: true }],
  ["suspended, and asks for those of an allowed region", { ...THERE, suspend: true }],
  ["suspended, and still asks for them", { ...HERE, suspend: true }],
  ["a dry run, and asks for no instances any more", { mode: "DryRun" }],
  ["a dry run, and asks for those of an allowed region", { ...THERE, mode: "DryRun" }],
  ["not valid", INVALID],
  ["not valid, and asks for those of an allowed region", { ...THERE, ...INVALID }],
];

describe("An association in a region that the class takes back goes, though the object is", () => {
  test.each(PARKED)("%s", async (_, spec) => {
    const id = await associated();
    await edit(spec);
    await reconcile();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    classIs(NARROW);
    await reconcile();
    expect([await ec2.profileOf(id), await ec2.tagsOf(id)]).toEqual([undefined, WEB]);
    expect(recorded() ?? "").not.toContain(REGION);
    expect(await world.eventReasons()).toContain("AccessStripped");
  });

  test.each<[string, Partial<InstanceProfileClassSpec>]>([
    ["the class allows no instances at all", CLOSED],
    ["the class is no longer for the namespace", NOT_OURS],
  ])("suspended, when %s", async (_, narrowed) => {
    const id = await associated();
    await edit({ suspend: true });
    await reconcile();
    classIs(narrowed);
    await reconcile();
    expect(await ec2.profileOf(id)).toBeUndefined();
  });

  test.each<[string, Spec]>([
    ["suspended and in deletion", { suspend: true }],
    ["a dry run and in deletion", { mode: "DryRun" }],
    ["not valid and in deletion", INVALID],
  ])("%s", async (_, spec) => {
    const id = await associated();
    await edit(spec);
    await world.delete();
    await reconcile();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    classIs(NARROW);
    await reconcile();
    expect(await ec2.profileOf(id)).toBeUndefined();
    expect(await world.object()).toBeDefined();
  });

  test("in sync but for a write that IAM refuses", async () => {
    const id = await associated();
    await edit({ ...THERE, description: "edited" });
    world.aws.denyActions.add("iam:UpdateRole");
    classIs(NARROW);
    await reconcile();
    expect(await ec2.profileOf(id)).toBeUndefined();
  });

  test("suspended, after the role was deleted by hand", async () => {
    const id = await associated();
    await edit({ suspend: true });
    await world.outsider("RemoveRoleFromInstanceProfile", { InstanceProfileName: PROFILE, RoleName: PROFILE });
    await world.outsider("DeleteRolePolicy", { RoleName: PROFILE, PolicyName: PROFILE });
    await world.outsider("DeleteRole", { RoleName: PROFILE });
    world.nowMs += 130_000;
    classIs(NARROW);
    await reconcile();
    expect(await ec2.profileOf(id)).toBeUndefined();
  });
});

describe("What Strip leaves", () => {
  test("are the instances that the class still allows: a suspended spec that drops them takes nothing off", async () => {
    const id = await associated();
    await edit({ suspend: true });
    await reconcile();
    world.forgetCalls();
    classIs({ allowedInstanceRegions: [REGION] });
    await reconcile();
    expect([await ec2.profileOf(id), world.awsWrites()]).toEqual([PROFILE, []]);
    expect(world.awsCalls().filter((action) => action.startsWith("Describe"))).toEqual([]);
    expect(await condition("Compliant")).toBe("True WithinClass");
  });

  test.each<[string, (id: string, j: string) => string | undefined]>([
    ["no marker", () => undefined],
    ["the marker of another instance", (_, j) => `${CLUSTER_ID}/default/${PROFILE}@${j}`],
    ["the marker of another object", (id) => `${CLUSTER_ID}/team-b/other@${id}`],
  ])("are instances that their owner started with the profile, with %s", async (_, markerFor) => {
    const j = await associated();
    const id = await ec2.runOne({ profile: PROFILE });
    const marker = markerFor(id, j);
    if (marker !== undefined) await ec2.tag(id, { [ASSOCIATED_BY_TAG]: marker });
    await edit({ suspend: true });
    classIs(NARROW);
    await reconcile();
    expect([await ec2.profileOf(j), await ec2.profileOf(id)]).toEqual([undefined, PROFILE]);
  });

  test("is everything, when the class says Keep", async () => {
    const id = await associated();
    await edit({ suspend: true });
    world.forgetCalls();
    classIs(NARROW, "Keep");
    await reconcile();
    expect([await ec2.profileOf(id), world.awsWrites()]).toEqual([PROFILE, []]);
  });

  test("costs no request to EC2 at the next reconcile", async () => {
    await associated();
    await edit({ suspend: true });
    classIs(NARROW);
    await reconcile();
    world.forgetCalls();
    world.nowMs += 600_000;
    await reconcile();
    expect(world.awsCalls().filter((action) => !action.startsWith("Get") && !action.startsWith("List"))).toEqual([]);
  });
});

describe("What AWS does not remove stays on the record, is reported and tried again", () => {
  test("when it refuses to disassociate one of two instances", async () => {
    await ec2.runOne({ tags: WEB });
    await associated();
    await edit({ suspend: true });
    classIs(NARROW);
    let refusals = 0;
    world.aws.onRequest(({ action }) => {
      if (action !== "DisassociateIamInstanceProfile" || refusals > 0) return undefined;
      refusals += 1;
      return { kind: "error", code: "UnauthorizedOperation", status: 403, message: "no" };
    });
    await reconcile();
    expect(await holders()).toHaveLength(1);
    expect(recorded()).toContain(REGION);
    expect(await condition("Compliant")).toBe("False AccessBeyondClass");
    await reconcile();
    expect([await holders(), recorded()]).toEqual([[], undefined]);
    expect(await condition("Compliant")).toBe("True WithinClass");
  });

  test("when the region cannot be read, which keeps nothing else from being removed", async () => {
    const id = await associated();
    await edit({ suspend: true, statements: [{ ...GET, actions: ["s3:ListBucket"] }] });
    world.aws.denyActions.add("ec2:DescribeInstances");
    classIs({ ...NARROW, allowedActions: ["s3:List*"] });
    await reconcile();
    expect(world.aws.snapshot().roles[PROFILE]?.inlinePolicies).toEqual({});
    expect(await condition("Ready")).toBe("False AccessDenied");
    expect(await world.eventReasons()).toContain("AccessStripped");
    world.aws.denyActions.clear();
    expect(await ec2.profileOf(id)).toBe(PROFILE);
    world.nowMs += 60_000;
    await reconcile();
    expect(await ec2.profileOf(id)).toBeUndefined();
  });
});
