import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { World } from "../support/world.ts";
import { policyStories } from "./policy-stories.ts";

const allow = (...actions: readonly string[]) => [{ effect: "Allow", actions, resources: ["*"] }];
const inlinePolicies = [
  { name: "queue", statements: allow("sqs:SendMessage") },
  {
    name: "topic",
    document: {
      Version: "2008-10-17",
      Id: "old",
      Statement: { Effect: "Allow", Action: "sns:Publish", Resource: "*" },
    },
  },
];

let world: World;
beforeAll(async () => {
  world = await World.open();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const count = (name: string): number => world.awsCalls().filter((call) => call === name).length;

test("each further inline policy costs one write at the creation, and one read when the object is read", async () => {
  const controller = world.controller();
  await world.apply(world.manifest({ inlinePolicies }));
  await controller.settle();
  expect(world.awsWrites().filter((call) => call === "PutRolePolicy")).toHaveLength(3);
  expect(world.awsWrites()).toHaveLength(6);
  expect(await world.ready()).toBe("True InSync");
  world.nowMs += 3_600_000;
  world.forgetCalls();
  await controller.settle();
  expect([world.awsWrites(), count("GetRolePolicy"), count("GetRole")]).toEqual([[], 3, 1]);
});

test("drift of one of them is one write, and the others stay as they are", async () => {
  const controller = world.controller();
  await world.apply(world.manifest({ inlinePolicies }));
  await controller.settle();
  await world.outsider("DeleteRolePolicy", { RoleName: world.key.name, PolicyName: "topic" });
  world.nowMs += 3_600_000;
  world.forgetCalls();
  await controller.settle();
  expect(world.awsWrites()).toEqual(["PutRolePolicy"]);
  expect(await world.ready()).toBe("True InSync");
});

describe("in the sandbox,", () => policyStories(() => World.open()));
