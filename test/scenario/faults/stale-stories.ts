import { describe, expect, test } from "vitest";
import { Play, referenceOf, SETTLE_MS } from "../../support/simulation/play.ts";
import { isOwnWrite, type Simulation } from "../../support/simulation/simulation.ts";
import { EDITED, RICH, STORIES, type Story } from "../stories.ts";

/** It verifies often, so that it rests soon. */
const ONE = { resyncMs: 60_000 };
const ALONE = [ONE];

/** Of a machine that does other things besides. */
const PATIENCE = { timeout: 300_000 };

/** A past that an API server may still show to a controller that has just started, and what has happened since. */
interface Past {
  readonly name: string;
  readonly shown: (sim: Simulation) => Promise<void>;
  readonly since: (sim: Simulation) => Promise<void>;
}

async function created(sim: Simulation): Promise<void> {
  await sim.apply(sim.manifest(RICH));
  await sim.run(SETTLE_MS);
}

/** The object goes, and everything of it in AWS; then another one of the same name comes. */
async function createdAnew(sim: Simulation): Promise<void> {
  await sim.delete();
  await sim.run(SETTLE_MS);
  await created(sim);
}

const NOTHING: Past = { name: "nothing, where there is an object by now", shown: async () => {}, since: created };
const PASTS: readonly Past[] = [
  { name: "the spec before an edit", shown: created, since: (sim) => sim.apply(sim.manifest(EDITED)) },
  { name: "an object before its deletion", shown: created, since: (sim) => sim.delete() },
  { name: "an object of another uid", shown: created, since: createdAnew },
  {
    name: "an object of another uid on its way out",
    async shown(sim) {
      await created(sim);
      await sim.delete();
    },
    since: createdAnew,
  },
  NOTHING,
];

/** What is there, and what a controller that starts in this past writes before and after it is shown the present. */
async function startInThePast({ shown, since }: Past, isReadStale: boolean) {
  const play = await Play.stage({ name: "a past", ask: async () => {} }, ALONE);
  const { sim } = play;
  await shown(sim);
  const late = sim.prepare(ONE);
  await late.view.freeze({ isReadStale });
  await since(sim);
  await sim.run(SETTLE_MS);
  const reference = await play.trace();
  play.leader.kill();
  late.start();
  await sim.run(SETTLE_MS);
  return { play, late, reference };
}

/**
 * A controller that is shown the past does no harm, and goes on when it is shown the present.
 *
 * Reads of single objects are of the present all the while: the API server promises that, and the last look before a write rests
 * on it (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list).
 *
 * @param options.step tries every so manieth call
 * @param options.lagsMs how far a watch falls behind
 */
export function staleStories({ step, lagsMs }: { readonly step: number; readonly lagsMs: readonly number[] }): void {
  test.each(PASTS)(
    "a controller that starts and is shown $name writes nothing, and goes on in the present",
    async (past) => {
      const { play, late, reference } = await startInThePast(past, false);
      expect(late.wire.calls.filter((call) => isOwnWrite(call) && call.doneAtMs !== undefined)).toEqual([]);
      late.view.thaw();
      await play.sim.run(SETTLE_MS);
      await play.expectLike(reference, { what: "in the present" });
    },
  );

  test("a controller that starts and is shown no object, by no read, takes nothing away", async () => {
    const { play, late, reference } = await startInThePast(NOTHING, true);
    late.view.thaw();
    await play.sim.run(SETTLE_MS);
    await play.expectLike(reference, { what: "in the present" });
  });

  describe.each(lagsMs)("the watch falls behind for %i ms from any call on,", (lagMs) => {
    test.each(STORIES)("$name", PATIENCE, async (story) => {
      const reference = await referenceOf(story, ALONE);
      const calls = (await playLagging(story, 0, lagMs)).calls;
      for (let i = 1; i <= calls; i += step) {
        const { play, at } = await playLagging(story, i, lagMs);
        await play.expectLike(reference, { what: `behind from call ${i} on, ${at?.what}` });
      }
    });
  });
}

/**
 * Plays the story with a watch that falls behind when the controller sends its i-th call. IAM, which shows its writes late,
 * makes it look again and again meanwhile.
 */
async function playLagging(story: Story, i: number, lagMs: number) {
  const play = await Play.stage(story, ALONE);
  const { leader, sim } = play;
  sim.servers.aws.setAwkwardness({ visibilityDelayMs: { min: 1_000, max: 12_000 } });
  const before = leader.wire.calls.length;
  leader.disturb = ({ number }) => {
    if (number !== before + i) return undefined;
    void leader.view.freeze();
    sim.clock.schedule(lagMs, () => leader.view.thaw());
    return undefined;
  };
  await play.ask();
  await sim.run(SETTLE_MS);
  const calls = leader.wire.calls.slice(before);
  return { play, calls: calls.length, at: calls[i - 1] };
}
