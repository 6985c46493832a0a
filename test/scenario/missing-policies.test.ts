import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { manifest, World } from "../support/world.ts";

const OWN = "arn:aws:iam::123456789012:policy/team";
const DOCUMENT = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
});

let world: World;
let controller: Incarnation;
beforeAll(async () => {
  world = await World.open();
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});
afterAll(() => world.close());

const message = async (): Promise<string> =>
  (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
const lookups = (): number => world.awsCalls().filter((call) => call === "GetPolicy").length;

test.each([
  ["managedPolicyArns", { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", OWN] }],
  ["permissionsBoundaryArn", { permissionsBoundaryArn: OWN }],
])(
  "a missing policy of %s blocks the creation before anything is written, and its creation unblocks it",
  async (field, spec) => {
    await world.apply(manifest(spec));
    await controller.settle();
    expect(await world.ready()).toBe("False PolicyNotFound");
    expect(await message()).toContain(`spec.${field}: managed policy ${OWN} does not exist in IAM`);
    expect([world.awsWrites(), lookups()]).toEqual([[], 1]);
    await world.outsider("CreatePolicy", { PolicyName: "team", PolicyDocument: DOCUMENT });
    world.nowMs += 120_000;
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(lookups()).toBe(2);
    world.forgetCalls();
    await controller.settle();
    expect(lookups()).toBe(0);
  },
);

test("a policy of AWS that the shipped list has is not looked up, another one is, with the nearest name", async () => {
  await world.apply(manifest({ managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] }));
  await controller.settle();
  expect(lookups()).toBe(0);
  const misspelt = "arn:aws:iam::aws:policy/AmazonSSMManagedInstancesCore";
  await world.apply(manifest({ roleName: "other", managedPolicyArns: [misspelt] }, { name: "other" }));
  await controller.settle({ ...world.key, name: "other" });
  expect(await world.ready({ ...world.key, name: "other" })).toBe("False PolicyNotFound");
  expect(lookups()).toBe(1);
});

test("a controller that may not read policies creates the role, and IAM decides", async () => {
  world.aws.denyActions.add("iam:GetPolicy");
  await world.apply(manifest({ managedPolicyArns: [OWN] }));
  await controller.settle();
  expect(world.awsWrites()).toContain("CreateRole");
  expect(await world.ready()).toBe("False PolicyNotFound");
  world.aws.denyActions.clear();
});
