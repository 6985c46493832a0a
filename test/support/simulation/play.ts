import { expect } from "vitest";
import { DEFAULT_REFLECTOR_TIMINGS } from "../../../src/runtime/watch/reflector-options.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import type { Story } from "../../scenario/stories.ts";
import { endState, surplus } from "../oracles.ts";
import type { Replica, ReplicaOptions } from "./replica.ts";
import { Simulation } from "./simulation.ts";

/** Longer than the settle window and every delay of a controller in trouble, shorter than a resync. */
export const SETTLE_MS = 300_000;
/** In which what no watch has told is found: the age at which a list is due, and the longest watch before it. */
export const RELIST_MS = DEFAULT_REFLECTOR_TIMINGS.relistAfterMs + 2_000 * DEFAULT_REFLECTOR_TIMINGS.minWatchSeconds;
const HOUR_MS = 3_600_000;
/** A run in trouble may take so many reconciles more than one that is well: a few resyncs, and a backoff all the way up. */
const MORE_RECONCILES = 20;

/** What a run of a story came to. */
export interface Trace {
  /** AWS and the object, without names, ids and times. */
  readonly end: unknown;
  /** Writes to AWS that were carried out. */
  readonly awsWrites: readonly string[];
  readonly reconciles: number;
}

/** A story at the point where the user asks for what it is about: all is well, and nothing is under way. */
export class Play {
  readonly sim: Simulation;
  readonly #story: Story;
  readonly #resyncMs: number;
  #fromMs = 0;
  #reconcilesBefore = 0;

  private constructor(sim: Simulation, story: Story, resyncMs: number) {
    this.sim = sim;
    this.#resyncMs = resyncMs;
    this.#story = story;
  }

  /**
   * @param replicas those that run; the first one leads
   * @param sim where, if it is to be made ready for more than the story
   */
  static async stage(
    story: Story,
    replicas: readonly ReplicaOptions[] = [{}],
    sim: Simulation = new Simulation(),
  ): Promise<Play> {
    const play = new Play(sim, story, replicas[0]?.resyncMs ?? DEFAULT_REQUEUE_INTERVALS.resyncMs);
    await story.before?.(sim);
    for (const options of replicas) {
      sim.start(options);
      await sim.run(5_000);
    }
    play.#fromMs = sim.clock.monotonicMs();
    play.#reconcilesBefore = sim.reconciles;
    return play;
  }

  /** The replica that was started first. */
  get leader(): Replica {
    const [first] = this.sim.replicas;
    if (first === undefined) throw new Error("the story is played without a controller");
    return first;
  }

  /** The user asks. */
  ask(): Promise<void> {
    return this.#story.ask(this.sim);
  }

  async trace(): Promise<Trace> {
    const { sim } = this;
    const end = endState({ object: await sim.object(), aws: sim.awsState(), key: sim.key });
    const awsWrites = sim.writes("aws", this.#fromMs).map(({ what }) => what);
    return { end, awsWrites, reconciles: sim.reconciles - this.#reconcilesBefore };
  }

  /**
   * The oracles. The run came to the same end as its reference, wrote nothing to AWS that the reference did not write, took few
   * reconciles more, and rests: ten further reconciles write nothing, to AWS or to the API server.
   *
   * @param options.inFlight writes that may have been carried out besides: of a process that died with them on their way
   */
  async expectLike(
    reference: Trace,
    options: { readonly inFlight?: readonly string[]; readonly what: string },
  ): Promise<void> {
    const { inFlight = [], what } = options;
    const trace = await this.trace();
    expect(trace.end, what).toEqual(reference.end);
    expect(surplus(trace.awsWrites, [...reference.awsWrites, ...inFlight]), what).toEqual([]);
    expect(trace.reconciles, what).toBeLessThanOrEqual(reference.reconciles + MORE_RECONCILES);
    await this.#expectRest(what);
    expect(this.sim.writesWithoutLease, what).toEqual([]);
  }

  /** What a look confirms may be dated anew, once an hour at most; nothing else is written, and nothing to AWS. */
  async #expectRest(what: string): Promise<void> {
    const { sim } = this;
    const [before, fromMs, statusBefore] = [sim.reconciles, sim.clock.monotonicMs() + 1, await this.#undatedStatus()];
    // Jitter may make each of them longer by a tenth.
    const restMs = 10 * 1.1 * this.#resyncMs;
    await sim.run(restMs);
    expect(
      sim.writes("aws", fromMs).map(({ what: write }) => write),
      what,
    ).toEqual([]);
    const written = sim.writes("kube", fromMs).map(({ what: write }) => write);
    expect(
      written.filter((write) => write !== "PATCH instanceprofiles/status"),
      what,
    ).toEqual([]);
    expect(written.length, what).toBeLessThanOrEqual(Math.ceil(restMs / HOUR_MS));
    expect(await this.#undatedStatus(), what).toEqual(statusBefore);
    if ((await sim.object()) !== undefined) expect(sim.reconciles - before, what).toBeGreaterThanOrEqual(9);
  }

  async #undatedStatus(): Promise<unknown> {
    const { status } = ((await this.sim.object()) ?? {}) as { readonly status?: Readonly<Record<string, unknown>> };
    return { ...status, lastVerifiedTime: undefined };
  }
}

/** The story as it goes when nothing happens. */
export async function referenceOf(story: Story, replicas?: readonly ReplicaOptions[]): Promise<Trace> {
  const play = await Play.stage(story, replicas);
  await play.ask();
  await play.sim.run(SETTLE_MS);
  return play.trace();
}
