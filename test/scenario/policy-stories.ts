import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NOTHING_IN_AWS } from "../support/aws-state.ts";
import type { ScenarioWorld } from "../support/scenario-world.ts";

const allow = (...actions: readonly string[]) => [{ effect: "Allow", actions, resources: ["*"] }];

/** What an object with several inline policies, a document and a managed policy of its own goes through. */
export function policyStories(open: () => Promise<ScenarioWorld>): void {
  let world: ScenarioWorld;
  beforeAll(async () => {
    world = await open();
  });
  beforeEach(() => world.reset());
  afterAll(() => world?.close());

  test("several inline policies and managed policies are created, edited and deleted", async () => {
    const big = `${world.key.name}-big`;
    const first = {
      inlinePolicies: [
        { name: "queue", statements: allow("sqs:SendMessage") },
        {
          name: "limits",
          document: { Version: "2012-10-17", Statement: { Effect: "Deny", Action: "iam:*", Resource: "*" } },
        },
      ],
      managedPolicies: [{ name: big, statements: allow("dynamodb:GetItem") }],
    };
    await world.apply(world.manifest(first));
    const controller = world.controller();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(world.awsWrites().toSorted()).toEqual([
      ...["AddRoleToInstanceProfile", "AttachRolePolicy", "CreateInstanceProfile", "CreatePolicy", "CreateRole"],
      ...["PutRolePolicy", "PutRolePolicy", "PutRolePolicy"],
    ]);
    const arn = `arn:aws:iam::${world.accountId}:policy/${big}`;
    expect((await world.object())?.status?.managedPolicies).toEqual([{ name: big, arn }]);
    world.forgetCalls();
    await world.apply(
      world.manifest({
        ...first,
        inlinePolicies: [first.inlinePolicies[1], { name: "topic", statements: allow("sns:Publish") }],
        managedPolicies: [{ name: big, statements: allow("dynamodb:Query") }],
      }),
    );
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    const written = ["CreatePolicyVersion", "DeleteRolePolicy", "PutRolePolicy"];
    expect(world.awsWrites().filter((action) => /RolePolicy$|Version$/.test(action))).toEqual(
      expect.arrayContaining(written),
    );
    world.forgetCalls();
    await world.controller().settle();
    expect(world.awsWrites()).toEqual([]);
    await world.delete();
    await controller.settle();
    expect(await world.object()).toBeUndefined();
    expect(await world.awsState()).toEqual(NOTHING_IN_AWS);
    expect(world.awsWrites()).toEqual(
      expect.arrayContaining(["DetachRolePolicy", "DeletePolicyVersion", "DeletePolicy"]),
    );
  });
}
