import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awkwardness, everythingAwkward } from "../../src/sandbox/aws/awkwardness.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const KEY = { namespace: "default", name: "s3-read-only" };

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** One switch alone each, then all of them. */
const SWITCHES: Record<string, Awkwardness> = {
  "visibility lags by seconds": { visibilityDelayMs: { min: 1_000, max: 12_000 } },
  "writes look at the lagging state": { visibilityDelayMs: { min: 1_000, max: 12_000 }, staleWrites: true },
  "throttling after a few calls": { throttle: { ratePerSecond: 2, burst: 8 } },
  "principals in another order on every read": { shufflePrincipals: true },
  "members of trust policies in another order on every read": { shuffleKeys: true },
  "lists of one element collapsed": { collapseSingletons: true },
  "a missing Version filled in": { fillVersion: true },
  "lists shuffled": { shuffleLists: true },
  "short pages": { smallPages: true },
  "EntityTemporarilyUnmodifiable on every third write": {
    failEveryNthWrite: { n: 3, code: "EntityTemporarilyUnmodifiable" },
  },
  "ConcurrentModification on every third write": { failEveryNthWrite: { n: 3, code: "ConcurrentModification" } },
  "ServiceFailure on every third write": { failEveryNthWrite: { n: 3, code: "ServiceFailure" } },
  "the unique id where the ARN belongs": { idAsArnMs: 5_000 },
  "all of it at once": everythingAwkward,
};

const SPEC = {
  managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
  trust: { services: ["ec2.amazonaws.com", "ssm.amazonaws.com"] },
  tags: { team: "a" },
};

/** Creates, edits, verifies ten times and deletes; the writes that AWS carried out and the state in between. */
async function live(awkwardness: Awkwardness): Promise<{ writes: string[]; states: unknown[] }> {
  await world.reset();
  world.aws.setAwkwardness(awkwardness);
  const controller = world.controller();
  const states: unknown[] = [];
  const look = async (): Promise<void> => {
    states.push([
      await world.ready(),
      JSON.parse(JSON.stringify(world.aws.snapshot()).replaceAll(/A(ROA|IPA)[A-Z0-9]{17}/g, "A$1")),
    ]);
  };
  world.kube.apply(manifest(SPEC));
  await controller.settle();
  await look();
  world.kube.apply(manifest({ ...SPEC, statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] }));
  await controller.settle();
  await look();
  for (let i = 0; i < 10; i++) {
    await controller.settle();
    world.nowMs += 20_000;
  }
  await look();
  world.kube.delete(KEY);
  await controller.settle();
  await look();
  world.aws.setAwkwardness({});
  return { writes: [...world.awsWrites()], states };
}

describe("a principal that is deleted, which IAM then shows by its unique id", () => {
  const FRIEND = { RoleName: "friend", AssumeRolePolicyDocument: EC2_TRUST };
  const trusting = manifest({
    trust: { statements: [{ effect: "Allow", principals: { aws: ["arn:aws:iam::123456789012:role/friend"] } }] },
  });

  test("is told, as IAM knows it no more; made again it is written again, for it is another one", async () => {
    await world.reset();
    await world.outsider("CreateRole", FRIEND);
    const controller = world.controller();
    await world.apply(trusting);
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    world.nowMs += 600_000;
    await world.outsider("DeleteRole", { RoleName: "friend" });
    await controller.settle();
    expect(await world.ready()).toBe("False InvalidPrincipal");
    await world.outsider("CreateRole", FRIEND);
    world.forgetCalls();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(world.awsWrites()).toEqual(["UpdateAssumeRolePolicy"]);
    world.forgetCalls();
    for (let i = 0; i < 3; i++) await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);
  });
});

describe("awkward AWS changes no outcome and causes no extra write", () => {
  test.each(Object.keys(SWITCHES))("%s", async (name) => {
    const plain = await live({});
    const awkward = await live(SWITCHES[name] ?? {});
    expect(awkward.states).toEqual(plain.states);
    expect(awkward.writes).toEqual(plain.writes);
  });
});
