import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Incarnation } from "../support/incarnation.ts";
import { manifest, World } from "../support/world.ts";

const SELF = "arn:aws:iam::123456789012:role/s3-read-only";
const ALLOW = { effect: "Allow", actions: ["sts:AssumeRole"] };
const CREATION = ["CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "CreateInstanceProfile"];

let world: World;
let controller: Incarnation;
beforeAll(async () => {
  world = await World.open();
  world.isPresumptionRefuted = true;
});
beforeEach(async () => {
  await world.reset();
  controller = world.controller();
});
afterAll(() => world.close());

/** The new role has a new id, also where its trust policy names it. */
const withoutIds = (state: unknown): string => JSON.stringify(state).replace(/AROA[A-Z2-7]{17}/g, "AROA");

const selfTrusting = () => manifest({ trust: { statements: [{ ...ALLOW, principals: { aws: [SELF] } }] } });

test("a role that trusts itself costs one write more, and comes back whole after somebody deleted it", async () => {
  await world.apply(selfTrusting());
  await controller.settle();
  expect(world.awsCalls()).toEqual([...CREATION, "AddRoleToInstanceProfile"]);
  expect(await world.ready()).toBe("True InSync");
  const whole = withoutIds(await world.awsState());
  for (const [operation, more] of [
    ["RemoveRoleFromInstanceProfile", { InstanceProfileName: world.key.name }],
    ["DeleteRolePolicy", { PolicyName: world.key.name }],
    ["DeleteRole", {}],
  ] as const) {
    await world.outsider(operation, { RoleName: world.key.name, ...more });
  }
  world.forgetCalls();
  world.nowMs += 3_600_000;
  await world.controller().settle();
  expect(world.awsWrites()).toEqual([
    "CreateRole",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "AddRoleToInstanceProfile",
  ]);
  expect(await world.ready()).toBe("True InSync");
  expect(withoutIds(await world.awsState())).toEqual(whole);
});

test("a principal that does not exist is named with its field", async () => {
  const gone = "arn:aws:iam::123456789012:role/gone";
  const principals = { aws: ["123456789012", gone] };
  await world.apply(manifest({ trust: { statements: [{ ...ALLOW, principals }] } }));
  await controller.once();
  expect(await world.ready()).toMatch(/InvalidPrincipal/);
  const condition = (await world.object())?.status?.conditions?.find(({ type }) => type === "Ready");
  expect(condition?.message).toContain(gone);
  expect(condition?.message).toContain("spec.trust.statements[0].principals.aws[1]: create the role or user first");
});
