import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Ec2User } from "../support/ec2-user.ts";
import type { Incarnation } from "../support/incarnation.ts";
import { REGION, World } from "../support/world.ts";

const WEB = { app: "web" };
const PROFILE = "s3-read-only";
const DENIED = {
  code: "UnauthorizedOperation",
  status: 403,
  message: "You are not authorized to perform this operation.",
};
const WRONG_STATE = { code: "IncorrectInstanceState", status: 400, message: "The instance is in a wrong state." };
const GONE = { code: "InvalidInstanceID.NotFound", status: 400, message: "The instance ID does not exist" };

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
  world.aws.onRequest(undefined);
  controller = world.controller();
});

interface Answer {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

/** From now on EC2 answers a write of this kind that is about one of these instances, alone or with others, like this. */
function refuse(action: string, ids: readonly string[], answer: Answer): void {
  world.aws.onRequest((call) => {
    const concernsInstance = Object.values(call.params).some((value) => ids.includes(value));
    return call.action === action && concernsInstance ? { kind: "error", ...answer } : undefined;
  });
}

async function launch(count: number): Promise<readonly string[]> {
  return (await ec2.run({ tags: WEB, count })).toSorted();
}

const WANTED = { instances: { region: REGION, selector: { matchTags: WEB } } };

async function apply(more: object = {}): Promise<void> {
  await world.apply(world.manifest({ ...WANTED, ...more }));
}

async function profiles(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  return Promise.all(ids.map((id) => ec2.profileOf(id)));
}

async function condition(): Promise<{ readonly reason?: string; readonly message?: string }> {
  return (await world.object())?.status?.conditions?.find(({ type }) => type === "InstancesAssociated") ?? {};
}

async function status(): Promise<unknown> {
  return (await world.object())?.status?.instances;
}

describe("an instance that AWS refuses", () => {
  test.each([
    ["for want of permission", DENIED, "AccessDenied"],
    ["for its state", WRONG_STATE, "InstanceChanged"],
    ["because it has ended", GONE, "InstanceChanged"],
    ["for a reason that nobody knows", { ...WRONG_STATE, code: "UnsupportedOperation" }, "UnsupportedOperation"],
  ])("%s holds up none of the others, and is named", async (_, answer, reason) => {
    const ids = await launch(4);
    const [first = "", second = "", ...others] = ids;
    refuse("AssociateIamInstanceProfile", [first, second], answer);
    await apply();
    const requeue = await controller.once();
    expect(await profiles(ids)).toEqual([undefined, undefined, ...others.map(() => PROFILE)]);
    expect(await world.ready()).toBe(`False ${reason}`);
    expect(await condition()).toMatchObject({ status: "False", reason });
    expect((await condition()).message).toContain("2 of 4 matching instances have the instance profile; AssociateIam");
    const line = expect.stringContaining(`instance ${second} (${REGION})`);
    expect(await status()).toEqual({
      matched: 4,
      associated: 2,
      pending: 0,
      refused: [expect.stringContaining(first), line],
      claim: expect.objectContaining({ time: expect.any(String) }),
    });
    expect((await world.object())?.status?.plan).toHaveLength(2);
    expect(requeue?.kind).not.toBe("done");

    world.aws.onRequest(undefined);
    world.forgetCalls();
    await controller.settle();
    expect(await profiles(ids)).toEqual(ids.map(() => PROFILE));
    expect(world.awsWrites()).toEqual(["AssociateIamInstanceProfile", "AssociateIamInstanceProfile"]);
    expect(await world.ready()).toBe("True InSync");
    expect(await status()).toMatchObject({ matched: 4, associated: 4, pending: 0 });
  });

  test("whose tag is refused is not associated, and every other one is", async () => {
    const ids = await launch(8);
    const bad = ids[5] ?? "";
    refuse("CreateTags", [bad], DENIED);
    await apply();
    await controller.once();
    expect(await profiles(ids)).toEqual(ids.map((id) => (id === bad ? undefined : PROFILE)));
    expect(world.awsCalls().filter((action) => action === "CreateTags")).toHaveLength(8);
    expect(world.awsCalls().filter((action) => action === "AssociateIamInstanceProfile")).toHaveLength(7);
    expect(await status()).toMatchObject({ associated: 7, pending: 0, refused: [expect.stringContaining(bad)] });
  });

  test("is looked at the more rarely the more of them there are", async () => {
    const ids = await launch(3);
    await apply();
    refuse("AssociateIamInstanceProfile", ids.slice(0, 1), DENIED);
    const one = await controller.once();
    await world.reset();
    const others = await launch(3);
    await apply();
    refuse("AssociateIamInstanceProfile", others, DENIED);
    const three = await world.controller().once();
    expect([one, three]).toMatchObject([{ kind: "after" }, { kind: "after" }]);
    const delays = [one, three].map((it) => (it?.kind === "after" ? it.delayMs : 0));
    expect((delays[1] ?? 0) / (delays[0] ?? 1)).toBeGreaterThan(2);
  });

  test("is one of so many that the pass ends: who may write to none learns it from a hundred calls", async () => {
    const ids = await launch(120);
    refuse("AssociateIamInstanceProfile", ids, DENIED);
    await apply();
    await controller.once();
    expect(world.awsCalls().filter((action) => action === "AssociateIamInstanceProfile")).toHaveLength(100);
    expect(await status()).toMatchObject({ matched: 120, associated: 0, pending: 20 });
    expect(((await status()) as { refused: readonly string[] }).refused).toHaveLength(20);
  });

  test("stays marked, in a region that the profile records, when it no longer matches and keeps the profile", async () => {
    const ids = await launch(3);
    await apply();
    await controller.settle();
    const [kept = "", ...others] = ids;
    const associationId = await ec2.associationOf(kept);
    refuse("DisassociateIamInstanceProfile", [associationId], DENIED);
    await world.apply(world.manifest());
    await controller.once();
    expect(await profiles(ids)).toEqual([PROFILE, ...others.map(() => undefined)]);
    world.aws.onRequest(undefined);
    // Whoever comes next finds it by what is left.
    await world.controller().settle();
    expect(await profiles(ids)).toEqual(ids.map(() => undefined));
    expect(await Promise.all(ids.map((id) => ec2.tagsOf(id)))).toEqual(ids.map(() => WEB));
  });

  test("holds up the end of its profile, and of nothing else on the way there", async () => {
    const ids = await launch(3);
    await apply();
    await controller.settle();
    const [kept = ""] = ids;
    refuse("DisassociateIamInstanceProfile", [await ec2.associationOf(kept)], DENIED);
    await world.delete();
    await controller.once();
    expect(await profiles(ids)).toEqual([PROFILE, undefined, undefined]);
    expect(await world.ready()).toBe("False AccessDenied");
    world.aws.onRequest(undefined);
    await controller.settle();
    expect(await world.object()).toBeUndefined();
  });
});

describe("trouble that is not of one instance", () => {
  test.each([
    ["throttling", { code: "RequestLimitExceeded", status: 503, message: "Request limit exceeded." }],
    ["a failing EC2", { code: "InternalError", status: 500, message: "An internal error has occurred" }],
    ["credentials that ended", { code: "ExpiredToken", status: 400, message: "The security token is expired" }],
  ])("%s ends the pass at the first call", async (_, answer) => {
    const ids = await launch(3);
    refuse("AssociateIamInstanceProfile", ids, answer);
    await apply();
    await controller.once();
    expect(world.awsCalls().filter((action) => action === "AssociateIamInstanceProfile")).toHaveLength(1);
  });
});
