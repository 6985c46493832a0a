import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RetryableError } from "../../src/errors.ts";
import { type Fate, Interceptor, LostCall, type SeenCall } from "../support/intercept.ts";
import { manifest, World } from "../support/world.ts";

const KEY = { namespace: "default", name: "s3-read-only" };
const RICH = {
  description: "reads",
  managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
  tags: { team: "a" },
};
const EDITED = {
  description: "reads and writes",
  policyName: "renamed",
  statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
  managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
  tags: { stage: "prod" },
  maxSessionDurationSeconds: 7200,
};

/** What the user asks for, after the controller had converged on `before` (if there is one). */
interface Story {
  readonly name: string;
  readonly before?: (world: World) => void;
  readonly ask: (world: World) => void;
}

const STORIES: readonly Story[] = [
  { name: "create", ask: (world) => world.kube.apply(manifest(RICH)) },
  {
    name: "edit",
    before: (world) => world.kube.apply(manifest(RICH)),
    ask: (world) => world.kube.apply(manifest(EDITED)),
  },
  {
    name: "delete",
    before: (world) => world.kube.apply(manifest(RICH)),
    ask: (world) => world.kube.delete(KEY),
  },
];

/** How a process meets its end, or does not, around call number `at`. */
const ENDINGS: Record<string, (at: number) => (call: SeenCall) => Fate> = {
  "killed after call": (at) => (call) => (call.number <= at ? "pass" : "refuse"),
  "killed with the reply lost of call": (at) => (call) =>
    call.number < at ? "pass" : call.number === at ? "lose-reply" : "refuse",
};

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

async function begin(story: Story): Promise<World> {
  world.reset();
  if (story.before) {
    story.before(world);
    await world.controller().settle();
  }
  world.aws.calls.reset();
  world.kube.writes.length = 0;
  story.ask(world);
  return world;
}

/** What must be the same, however the controller got there. Ids and times are whose they are. */
function endOf(world: World): unknown {
  const object = world.object();
  return {
    aws: JSON.parse(JSON.stringify(world.aws.snapshot()).replaceAll(/A(ROA|IPA)[A-Z0-9]{17}/g, "A$1")),
    object: object && {
      finalizers: object.metadata.finalizers,
      status: JSON.parse(
        JSON.stringify(object.status)
          .replaceAll(/A(ROA|IPA)[A-Z0-9]{17}/g, "A$1")
          .replaceAll(/2026-01-\d\dT[\d:]{8}Z/g, "some time"),
      ),
    },
  };
}

async function reference(story: Story): Promise<{ end: unknown; calls: number; writes: string[] }> {
  const world = await begin(story);
  const controller = world.controller();
  await controller.settle();
  return { end: endOf(world), calls: controller.interceptor.calls.length, writes: world.awsWrites() };
}

/** Counts of the actions that make or destroy an entity: once each, whatever happens in between. */
function creationsAndDeletions(writes: readonly string[]): string[] {
  return writes.filter((action) => /^(Create|Delete)(Role|InstanceProfile)$/.test(action)).sort();
}

describe.each(STORIES)("a crash during $name", (story) => {
  test.each(Object.keys(ENDINGS))(
    "%s i, for every i: a fresh controller reaches the same end and makes nothing twice",
    async (ending) => {
      const expected = await reference(story);
      expect(expected.calls).toBeGreaterThan(5);
      for (let at = 1; at <= expected.calls; at++) {
        const world = await begin(story);
        const dying = world.controller(new Interceptor(ENDINGS[ending]?.(at)));
        await dying.once();
        await world.controller().settle();
        expect(endOf(world), `${ending} ${at}: ${JSON.stringify(dying.interceptor.calls[at - 1])}`).toEqual(
          expected.end,
        );
        expect(creationsAndDeletions(world.awsWrites())).toEqual(creationsAndDeletions(expected.writes));
      }
    },
  );

  test("killed twice in a row, early and late: the third controller reaches the same end", async () => {
    const expected = await reference(story);
    for (let at = 1; at <= expected.calls; at += 3) {
      for (let again = 2; again <= expected.calls; again += 5) {
        const world = await begin(story);
        await world.controller(new Interceptor(ENDINGS["killed after call"]?.(at))).once();
        await world.controller(new Interceptor(ENDINGS["killed with the reply lost of call"]?.(again))).once();
        await world.controller().settle();
        expect(endOf(world), `killed after ${at}, then ${again}`).toEqual(expected.end);
      }
    }
  });

  test("the reply of call i lost, for every i: the same controller goes on to the same end", async () => {
    const expected = await reference(story);
    for (let at = 1; at <= expected.calls; at++) {
      const world = await begin(story);
      const lost = (call: SeenCall): Error =>
        new RetryableError("the connection was reset", { reason: "EndpointUnreachable", cause: new LostCall(call) });
      await world.controller(new Interceptor((call) => (call.number === at ? "lose-reply" : "pass"), lost)).settle();
      expect(endOf(world), `reply of ${at} lost`).toEqual(expected.end);
      expect(creationsAndDeletions(world.awsWrites())).toEqual(creationsAndDeletions(expected.writes));
    }
  });
});
