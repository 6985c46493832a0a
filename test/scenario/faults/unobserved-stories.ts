import { expect, test } from "vitest";
import { Play, RELIST_MS, referenceOf, SETTLE_MS } from "../../support/simulation/play.ts";
import { EDITED, RICH, STORIES, type Story } from "../stories.ts";

/** Of a machine that does other things besides. */
const PATIENCE = { timeout: 300_000 };

/** In each the user asks for more than one thing, and a controller sees whatever it comes to see of it. */
const AT_ONCE: readonly Story[] = [
  {
    name: "three edits at once",
    before: (place) => place.apply(place.manifest(RICH)),
    async ask(place) {
      for (const n of [1, 2]) await place.apply(place.manifest({ ...RICH, description: `edit ${n}` }));
      await place.apply(place.manifest(EDITED));
    },
  },
  {
    name: "an edit and its reverse at once",
    before: (place) => place.apply(place.manifest(RICH)),
    async ask(place) {
      await place.apply(place.manifest(EDITED));
      await place.apply(place.manifest(RICH));
    },
  },
  {
    name: "an edit and a deletion at once",
    before: (place) => place.apply(place.manifest(RICH)),
    async ask(place) {
      await place.apply(place.manifest(EDITED));
      await place.delete();
    },
  },
  {
    name: "creation and deletion at once",
    async ask(place) {
      await place.apply(place.manifest(RICH));
      await place.delete();
    },
  },
];

/**
 * What a controller is not told it finds out.
 *
 * @param options.isThorough with every story in every way
 */
export function unobservedStories({ isThorough }: { readonly isThorough: boolean }): void {
  const some = isThorough ? [...STORIES, ...AT_ONCE] : STORIES;

  test.each(some)("$name: any single event of the watch is dropped", PATIENCE, async (story) => {
    const whole = await Play.stage(story);
    const first = whole.leader.view.events.length + 1;
    await whole.ask();
    await whole.sim.run(SETTLE_MS);
    const reference = await whole.trace();
    const last = whole.leader.view.events.length;
    expect(last).toBeGreaterThanOrEqual(first);
    for (let dropped = first; dropped <= last; dropped++) {
      const play = await Play.stage(story);
      play.leader.view.drops = ({ number }) => number === dropped;
      await play.ask();
      await play.sim.run(RELIST_MS + SETTLE_MS);
      const event = whole.leader.view.events[dropped - 1];
      await play.expectLike(reference, { what: `${event?.type} at ${event?.object.metadata.resourceVersion} dropped` });
    }
  });

  test.each(AT_ONCE)("$name: of all events of the watch only the last arrives", PATIENCE, async (story) => {
    const whole = await Play.stage(story);
    await whole.ask();
    const reference = await referenceOf(story);
    const newest = (await whole.sim.object())?.metadata.resourceVersion;
    const play = await Play.stage(story);
    play.leader.view.drops = ({ object }) => Number(object.metadata.resourceVersion) < Number(newest);
    await play.ask();
    await play.sim.run(SETTLE_MS);
    await play.expectLike(reference, { what: "collapsed" });
  });

  test.each(some)("$name: while no controller runs", PATIENCE, async (story) => {
    const reference = await referenceOf(story);
    for (const end of ["stopped", "killed"]) {
      const play = await Play.stage(story);
      if (end === "killed") play.leader.kill();
      else void play.leader.stop();
      await play.sim.run(60_000);
      await play.ask();
      await play.sim.run(60_000);
      play.sim.start();
      await play.sim.run(SETTLE_MS);
      await play.expectLike(reference, { what: end });
    }
  });
}
