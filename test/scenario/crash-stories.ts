import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RetryableError } from "../../src/errors.ts";
import { type Fate, Interceptor, LostCall, type SeenCall } from "../support/intercept.ts";
import type { ScenarioWorld } from "../support/scenario-world.ts";

const RICH = {
  // A hash of it is in the owner tag, so it may not differ from world to world as names do.
  policyName: "access",
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
  readonly before?: (world: ScenarioWorld) => Promise<void>;
  readonly ask: (world: ScenarioWorld) => Promise<void>;
}

const STORIES: readonly Story[] = [
  { name: "create", ask: (world) => world.apply(world.manifest(RICH)) },
  {
    name: "edit",
    before: (world) => world.apply(world.manifest(RICH)),
    ask: (world) => world.apply(world.manifest(EDITED)),
  },
  {
    name: "delete",
    before: (world) => world.apply(world.manifest(RICH)),
    ask: (world) => world.delete(),
  },
];

/** How a process meets its end, or does not, around call number `at`. */
const ENDINGS: Record<string, (at: number) => (call: SeenCall) => Fate> = {
  "killed after call": (at) => (call) => (call.number <= at ? "pass" : "refuse"),
  "killed with the reply lost of call": (at) => (call) =>
    call.number < at ? "pass" : call.number === at ? "lose-reply" : "refuse",
};

async function begin(world: ScenarioWorld, story: Story): Promise<void> {
  await world.reset();
  if (story.before) {
    await story.before(world);
    await world.controller().settle();
  }
  world.forgetCalls();
  await story.ask(world);
}

/** What must be the same, however the controller got there. Names, ids and times are whose they are. */
async function endOf(world: ScenarioWorld): Promise<unknown> {
  const object = await world.object();
  const end = {
    aws: await world.awsState(),
    object: object && { finalizers: object.metadata.finalizers, status: object.status },
  };
  const { status, metadata } = object ?? {};
  const own: readonly (readonly [string | undefined, string])[] = [
    [status?.role?.id, "(id of the role)"],
    [status?.instanceProfile?.id, "(id of the profile)"],
    [metadata?.uid, "(uid)"],
    [world.key.name, "(name)"],
    [world.key.namespace, "(namespace)"],
  ];
  const text = own.reduce((so, [from, to]) => (from ? so.replaceAll(from, to) : so), JSON.stringify(end));
  return JSON.parse(text.replaceAll(/20\d\d-\d\d-\d\dT[\d:]{8}Z/g, "(time)"));
}

interface Reference {
  readonly end: unknown;
  readonly calls: number;
  readonly writes: readonly string[];
}

async function reference(world: ScenarioWorld, story: Story): Promise<Reference> {
  await begin(world, story);
  const controller = world.controller();
  await controller.settle();
  return { end: await endOf(world), calls: controller.interceptor.calls.length, writes: world.awsWrites() };
}

/** Counts of the actions that make or destroy an entity: once each, whatever happens in between. */
function creationsAndDeletions(writes: readonly string[]): string[] {
  return writes.filter((action) => /^(Create|Delete)(Role|InstanceProfile)$/.test(action)).sort();
}

/**
 * The crash law: wherever a controller dies, between any two of its calls or with the reply to one of them lost, the next one
 * comes to the same end, and nothing is made or destroyed twice.
 *
 * @param options.isThorough also with two deaths in a row, and with a controller that outlives the lost reply: for worlds that
 * are fast
 */
export function crashStories(
  open: () => Promise<ScenarioWorld>,
  { isThorough }: { readonly isThorough: boolean },
): void {
  let world: ScenarioWorld;
  beforeAll(async () => {
    world = await open();
  });
  afterAll(() => world?.close());

  describe.each(STORIES)("a crash during $name", (story) => {
    test.each(Object.keys(ENDINGS))(
      "%s i, for every i: a fresh controller reaches the same end and makes nothing twice",
      async (ending) => {
        const expected = await reference(world, story);
        expect(expected.calls).toBeGreaterThan(5);
        for (let at = 1; at <= expected.calls; at++) {
          await begin(world, story);
          const dying = world.controller(new Interceptor(ENDINGS[ending]?.(at)));
          await dying.once();
          await world.controller().settle();
          expect(await endOf(world), `${ending} ${at}: ${JSON.stringify(dying.interceptor.calls[at - 1])}`).toEqual(
            expected.end,
          );
          expect(creationsAndDeletions(world.awsWrites())).toEqual(creationsAndDeletions(expected.writes));
        }
      },
    );

    if (!isThorough) return;

    test("killed twice in a row, early and late: the third controller reaches the same end", async () => {
      const expected = await reference(world, story);
      for (let at = 1; at <= expected.calls; at += 3) {
        for (let again = 2; again <= expected.calls; again += 5) {
          await begin(world, story);
          await world.controller(new Interceptor(ENDINGS["killed after call"]?.(at))).once();
          await world.controller(new Interceptor(ENDINGS["killed with the reply lost of call"]?.(again))).once();
          await world.controller().settle();
          expect(await endOf(world), `killed after ${at}, then ${again}`).toEqual(expected.end);
        }
      }
    });

    test("the reply of call i lost, for every i: the same controller goes on to the same end", async () => {
      const expected = await reference(world, story);
      for (let at = 1; at <= expected.calls; at++) {
        await begin(world, story);
        const lost = (call: SeenCall): Error =>
          new RetryableError("the connection was reset", { reason: "EndpointUnreachable", cause: new LostCall(call) });
        await world.controller(new Interceptor((call) => (call.number === at ? "lose-reply" : "pass"), lost)).settle();
        expect(await endOf(world), `reply of ${at} lost`).toEqual(expected.end);
        expect(creationsAndDeletions(world.awsWrites())).toEqual(creationsAndDeletions(expected.writes));
      }
    });
  });
}
