import { CreateTagsCommand } from "@aws-sdk/client-ec2";
import { expect } from "vitest";
import { launched, terminate } from "../contract/aws/ec2-cases.ts";
import { DRIFTING_SPEC, DRIFTS, stepsFor, withoutIds } from "../scenario/drift-stories.ts";
import { EDITED, RICH } from "../scenario/stories.ts";
import { NOTHING_IN_AWS } from "../support/aws-state.ts";
import type { Incarnation } from "../support/incarnation.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import type { AccountWorld } from "./account-world.ts";
import type { Check, CheckContext } from "./check.ts";

/** What another client puts in the place of a policy: in a real account, no role may have all permissions for a moment. */
const HARMLESS = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "ec2:DescribeRegions", Resource: "*" }],
});

/** Longer than the propagation window, so that nothing counts as propagation. */
const LATER_MS = 600_000;

interface Story {
  readonly id: string;
  readonly does: string;
  readonly steps: string;
  readonly play: (world: AccountWorld, controller: Incarnation, context: CheckContext) => Promise<string>;
  readonly needs?: Check["needs"];
}

async function created(world: AccountWorld, controller: Incarnation, spec: object = RICH): Promise<void> {
  world.apply(world.manifest({ ...spec }));
  await world.settle(controller);
  expect(world.ready()).toBe("True InSync");
}

const written = (world: AccountWorld): string => `writes: ${world.awsWrites().join(", ") || "none"}`;

const driftStories: readonly Story[] = Object.entries(DRIFTS).map(([title, driftOf]) => ({
  id: `drift-${title.replaceAll(" ", "-")}`,
  does: `repairs drift when ${title}`,
  steps: "create an object with every field, change AWS by another client, reconcile",
  async play(world, controller, { bench }) {
    const { name } = world.key;
    const drift = driftOf(name, stepsFor(name));
    await created(world, controller, DRIFTING_SPEC);
    const before = withoutIds(await world.awsState());
    world.nowMs += LATER_MS;
    for (const [action, params] of drift.steps) {
      const isAll = params["PolicyDocument"] === ALLOW_ALL;
      await world.outsider(action, { ...params, ...(isAll && { PolicyDocument: HARMLESS }) });
    }
    world.forgetCalls();
    await world.settle(controller);
    expect(world.awsWrites()).toEqual(drift.repair);
    await bench.eventually(async () => expect(withoutIds(await world.awsState())).toEqual(before));
    return written(world);
  },
}));

const STORIES: readonly Story[] = [
  {
    id: "create",
    does: "creates role, policy, instance profile and membership, and shows their ARNs",
    steps: "apply an object, reconcile until in sync",
    async play(world, controller) {
      await created(world, controller, {});
      expect(world.awsWrites()).toEqual([
        "CreateRole",
        "PutRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
      ]);
      const { status } = world.object() ?? {};
      expect(status?.["role"]).toMatchObject({ id: expect.stringMatching(/^AROA/) });
      expect(status?.["instanceProfile"]).toMatchObject({ arn: expect.stringContaining(`/${world.key.name}`) });
      return written(world);
    },
  },
  {
    id: "idle",
    does: "writes nothing to AWS when nothing differs: what AWS returns of a policy has the meaning of what was sent",
    steps: "create an object with every field, reconcile five times more, two of them by a new process",
    async play(world, controller) {
      await created(world, controller, DRIFTING_SPEC);
      world.forgetCalls();
      for (let i = 0; i < 3; i++) {
        world.nowMs += LATER_MS;
        await controller.once();
      }
      const restarted = world.controller();
      for (let i = 0; i < 2; i++) await restarted.once();
      expect([world.awsWrites(), world.ready()]).toEqual([[], "True InSync"]);
      return written(world);
    },
  },
  {
    id: "edit",
    does: "carries out an edit of every field, and is in sync afterwards",
    steps: "create an object, apply it with other policies, tags, description and session duration, reconcile",
    async play(world, controller) {
      await created(world, controller);
      world.forgetCalls();
      const statements = [{ effect: "Allow", actions: ["ec2:DescribeRegions"], resources: ["*"] }];
      const managedPolicyArns = ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"];
      world.apply(world.manifest({ ...EDITED, statements, managedPolicyArns }));
      await world.settle(controller);
      expect(world.ready()).toBe("True InSync");
      const observed = written(world);
      world.nowMs += LATER_MS;
      world.forgetCalls();
      await world.settle(controller);
      expect(world.awsWrites()).toEqual([]);
      return observed;
    },
  },
  {
    id: "adoption",
    does: "writes nothing to a role of another owner, and takes it over once it is allowed to",
    steps: "create a role by another client, apply an object of its name, then set adoptionPolicy",
    async play(world, controller) {
      await world.outsider("CreateRole", { RoleName: world.key.name, AssumeRolePolicyDocument: EC2_TRUST });
      world.forgetCalls();
      world.apply(world.manifest());
      await world.settle(controller);
      expect([world.awsWrites(), world.ready()]).toEqual([[], "False AlreadyExists"]);
      world.apply(world.manifest({ adoptionPolicy: "IfExists" }));
      await world.settle(controller);
      expect([world.ready(), world.eventReasons().at(-1)]).toEqual(["True InSync", "Adopted"]);
      return written(world);
    },
  },
  {
    id: "deletion",
    does: "deletes everything that it created, in the order that IAM allows",
    steps: "create an object with every field, delete it, reconcile until it is gone",
    async play(world, controller, { bench }) {
      await created(world, controller);
      world.forgetCalls();
      world.delete();
      await world.settle(controller);
      expect(world.object()).toBeUndefined();
      await bench.eventually(async () => expect(await world.awsState()).toEqual(NOTHING_IN_AWS));
      return written(world);
    },
  },
  {
    id: "retain",
    does: "leaves AWS as it is when the object is deleted with deletionPolicy Retain, and resumes it with the next object",
    steps: "create an object with Retain, delete it, apply one of its name",
    async play(world, controller) {
      await created(world, controller, { deletionPolicy: "Retain" });
      world.forgetCalls();
      world.delete();
      await world.settle(controller);
      expect([world.object(), world.awsWrites()]).toEqual([undefined, []]);
      await created(world, controller, {});
      expect(world.awsWrites()).toEqual(["TagRole", "TagInstanceProfile"]);
      return written(world);
    },
  },
  {
    id: "instances",
    does: "associates the instance profile with the instances that it selects, and disassociates it when the object is deleted",
    steps: "start an instance with a tag, apply an object that selects it, reconcile; delete the object",
    needs: "instance",
    async play(world, controller, { bench }) {
      const Key = "conformance-object";
      const id = await launched(bench, undefined);
      await bench.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key, Value: world.key.name }] }));
      try {
        const selector = { matchTags: { [Key]: world.key.name } };
        world.apply(world.manifest({ instances: { region: bench.region, selector } }));
        await bench.eventually(async () => {
          await world.settle(controller);
          expect(world.object()?.status?.["instances"]).toMatchObject({ matched: 1, associated: 1, pending: 0 });
        });
        world.delete();
        await world.settle(controller);
        expect(world.object()).toBeUndefined();
        await bench.eventually(async () => expect(await world.awsState()).toEqual(NOTHING_IN_AWS));
        return written(world);
      } finally {
        await terminate(bench, id);
      }
    },
  },
  ...driftStories,
];

/** What the controller does for one object, from its creation to its deletion, as checks. */
export const scenarioChecks: readonly Check[] = STORIES.map(({ id, does, steps, play, needs }) => ({
  id: `scenario-${id}`,
  section: "scenario",
  assumption: `The controller ${does}.`,
  matters: "src/engine/reconcile/converge.ts",
  steps,
  expected: "the writes and conditions of the scenario of this name in test/scenario",
  needs,
  async run(context) {
    const world = context.world();
    try {
      return await play(world, world.controller(), context);
    } finally {
      world.close();
    }
  },
}));
