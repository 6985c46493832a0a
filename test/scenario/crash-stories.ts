import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RetryableError } from "../../src/errors.ts";
import { type Fate, Interceptor, LostCall, type SeenCall } from "../support/intercept.ts";
import { endState, surplus } from "../support/oracles.ts";
import type { ScenarioWorld } from "../support/scenario-world.ts";
import { STORIES, type Story } from "./stories.ts";

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

interface Reference {
  readonly end: unknown;
  readonly calls: number;
  readonly writes: readonly string[];
}

async function reference(world: ScenarioWorld, story: Story): Promise<Reference> {
  await begin(world, story);
  const controller = world.controller();
  await controller.settle();
  return { end: await endOf(world, story), calls: controller.interceptor.calls.length, writes: world.awsWrites() };
}

async function endOf(world: ScenarioWorld, story: Story): Promise<unknown> {
  const end = endState({ object: await world.object(), aws: await world.awsState(), key: world.key });
  return { end, also: await story.also?.() };
}

/**
 * The crash law: wherever a controller dies, between any two of its calls or with the reply to one of them lost, the next one
 * comes to the same end, and AWS is written no more often than without the crash.
 *
 * @param options.stories instead of the life of role and profile
 * @param options.isThorough also with two deaths in a row, and with a controller that outlives the lost reply: for worlds that
 * are fast
 */
export function crashStories(
  open: () => Promise<ScenarioWorld>,
  { isThorough, stories = STORIES }: { readonly isThorough: boolean; readonly stories?: readonly Story[] },
): void {
  let world: ScenarioWorld;
  beforeAll(async () => {
    world = await open();
  });
  afterAll(() => world?.close());

  describe.each(stories)("a crash during $name", (story) => {
    test.each(Object.keys(ENDINGS))(
      "%s i, for every i: a fresh controller reaches the same end and writes nothing twice",
      async (ending) => {
        const expected = await reference(world, story);
        expect(expected.calls).toBeGreaterThan(5);
        for (let at = 1; at <= expected.calls; at++) {
          await begin(world, story);
          const dying = world.controller(new Interceptor(ENDINGS[ending]?.(at)));
          await dying.once();
          await world.controller().settle();
          expect(
            await endOf(world, story),
            `${ending} ${at}: ${JSON.stringify(dying.interceptor.calls[at - 1])}`,
          ).toEqual(expected.end);
          expect(surplus(world.awsWrites(), expected.writes)).toEqual([]);
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
          expect(await endOf(world, story), `killed after ${at}, then ${again}`).toEqual(expected.end);
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
        expect(await endOf(world, story), `reply of ${at} lost`).toEqual(expected.end);
        // It knows what it sent and not what came of it: it may send a change again, which then changes nothing.
        const again = surplus(world.awsWrites(), expected.writes);
        expect(again.length, `${again}`).toBeLessThanOrEqual(1);
        expect(again.filter((action) => /^(Create|Delete)/.test(action))).toEqual([]);
      }
    });
  });
}
