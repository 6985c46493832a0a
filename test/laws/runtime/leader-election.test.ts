import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  double,
  integer,
  oneof,
  record,
  tuple,
} from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, ElectionWorld } from "../../support/election-world.ts";
import { lawRuns } from "../../support/law-runs.ts";

const SPAN_MS = 90_000;

/** Up to 15 % fast or slow: 1.15 / 0.85 is below leaseDuration / renewDeadline, 15 s / 10 s. */
const aMachine = record({
  clockRate: double({ min: 0.85, max: 1.15, noNaN: true }),
  wallSkewMs: integer({ min: -86_400_000, max: 86_400_000 }),
  random: double({ min: 0, max: 1, noNaN: true }),
  startMs: integer({ min: 0, max: 20_000 }),
});

const aDelay = oneof({ weight: 3, arbitrary: integer({ min: 0, max: 300 }) }, integer({ min: 0, max: 25_000 }));

const aFate = record({
  kind: oneof(
    { weight: 6, arbitrary: constantFrom("answered" as const) },
    constantFrom("refused" as const, "lost" as const, "hung" as const),
  ),
  requestMs: aDelay,
  replyMs: aDelay,
  isDeaf: boolean(),
});

/** What may befall one of the machines. */
const anIncident = record({
  atMs: integer({ min: 0, max: SPAN_MS }),
  machine: integer({ min: 0, max: 2 }),
  kind: constantFrom("block", "release", "kill", "jumpWallClock", "restart"),
  amountMs: integer({ min: 0, max: 30_000 }),
});

const aStory = record({
  machines: tuple(aMachine, aMachine, aMachine),
  // Few fates come around again and again, so that bad ones meet the same requests.
  fates: array(aFate, { minLength: 1, maxLength: 30 }),
  incidents: array(anIncident, { maxLength: 10 }),
});

type Story = typeof aStory extends Arbitrary<infer T> ? T : never;

/** Three machines, each with one process after the other, and what is to befall them on a timetable. */
class Play {
  readonly world: ElectionWorld = new ElectionWorld();
  mostWriters = 0;
  readonly #machines: Story["machines"];

  constructor({ machines, fates, incidents }: Story) {
    this.#machines = machines;
    let calls = 0;
    this.world.judge = () => fates[calls++ % fates.length] ?? { kind: "answered" };
    this.world.afterEach = () => this.look();
    for (const [index, { startMs }] of machines.entries()) this.world.clock.schedule(startMs, () => this.start(index));
    for (const incident of incidents) this.world.clock.schedule(incident.atMs, () => this.#befall(incident));
  }

  look(): void {
    this.mostWriters = Math.max(this.mostWriters, this.world.writers.length);
  }

  start(index: number): Candidate {
    const { startMs: _, random = 0, ...machine } = this.#machines[index] ?? {};
    const life = this.world.candidates.length;
    return this.world.candidate(`${index}_${life}`, { ...machine, random: () => random });
  }

  #befall({ machine, kind, amountMs }: Story["incidents"][number]): void {
    const victim = this.world.candidates.findLast(({ name }) => name.startsWith(`${machine}_`));
    switch (kind) {
      case "block":
        victim?.clock.block(amountMs);
        break;
      case "kill":
        victim?.kill();
        break;
      case "jumpWallClock":
        victim?.clock.jumpWallClock(amountMs - 15_000);
        break;
      case "release":
        void victim?.elector.release();
        break;
      case "restart":
        this.start(machine);
    }
    this.look();
  }
}

test("there are never two that may write, and in the end there is one", { timeout: 60_000 }, async () => {
  let handOvers = 0;
  await assert(
    asyncProperty(aStory, async (story) => {
      const play = new Play(story);
      const { world } = play;
      await world.clock.advance(SPAN_MS);
      // From here on nothing bad happens any more.
      world.judge = () => ({ kind: "answered" });
      play.start(0);
      await world.clock.advance(60_000);
      expect(play.mostWriters).toBe(1);
      expect(world.writers).toEqual([world.lease?.holderIdentity]);
      handOvers += world.lease?.leaseTransitions ?? 0;
      for (const { stop } of world.candidates) stop.abort();
    }),
    { numRuns: lawRuns(150) },
  );
  // The law would hold for electors that never lead. Usually there are 1.3 to a story.
  expect(handOvers).toBeGreaterThan(lawRuns(75));
});
