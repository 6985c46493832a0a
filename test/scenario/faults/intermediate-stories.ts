import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../../src/engine/observe/recent-writes.ts";
import type { Fate } from "../../support/faults/fault-proxy.ts";
import { Play, referenceOf, type Trace } from "../../support/simulation/play.ts";
import type { Replica } from "../../support/simulation/replica.ts";
import type { WireCall } from "../../support/simulation/simulated-wire.ts";
import { STORIES, type Story } from "../stories.ts";

/** They verify often, so that they rest soon. */
const ONE_OF_TWO = { isElected: true, resyncMs: 30_000 };
const TWO = [ONE_OF_TWO, ONE_OF_TWO];
/** In which a lease expires and the next leader has begun. */
const TAKEOVER_MS = 20_000;
/** The settle window of the next leader, in which it does not believe what a late call has changed, and a resync. */
const END_MS = TAKEOVER_MS + DEFAULT_PROPAGATION_WINDOW_MS + 60_000;

/** What becomes of the leader as it sends a call, and of the call. */
const ENDINGS: Readonly<Record<string, (leader: Replica) => Fate | undefined>> = {
  "the leader is killed before it sends call i": (leader) => {
    leader.kill();
    return { kind: "hang" };
  },
  "the leader is killed with call i on its way": (leader) => {
    leader.kill();
    return undefined;
  },
  "the leader is killed with call i on its way, which arrives when the other leads": (leader) => {
    leader.kill();
    return { kind: "delay", requestMs: TAKEOVER_MS };
  },
  "the leader is cut off from both servers at call i": (leader) => {
    leader.wire.isDark = true;
    return { kind: "hang" };
  },
  "the leader is cut off from the API server at call i": (leader) => {
    leader.disturb = ({ server }) => (server === "kube" ? { kind: "hang" } : undefined);
    leader.wire.reset();
    return undefined;
  },
  "the leader is blocked for 20 s at call i": (leader) => {
    leader.machine.block(20_000);
    return undefined;
  },
};

const ENDING_NAMES = Object.keys(ENDINGS);
/** Of a machine that does other things besides. */
const PATIENCE = { timeout: 300_000 };

/** How many calls the leader makes of what is asked of it. */
async function callsOf(story: Story): Promise<number> {
  const play = await Play.stage(story, TWO);
  const before = play.leader.wire.calls.length;
  await play.ask();
  await play.sim.run(END_MS);
  return play.leader.wire.calls.slice(before).filter(isWork).length;
}

/** The election goes on beside the work. */
function isWork({ what }: WireCall): boolean {
  return !what.includes("leases");
}

/** Plays the story; as the leader sends its i-th call, the ending comes over it. The call is the result. */
async function playWith(
  play: Play,
  i: number,
  ending: (leader: Replica) => Fate | undefined,
): Promise<WireCall | undefined> {
  const { leader, sim } = play;
  let [sent, struck]: [number, WireCall | undefined] = [0, undefined];
  leader.disturb = (call) => {
    if (!isWork(call) || ++sent !== i) return undefined;
    struck = call;
    return ending(leader);
  };
  await play.ask();
  await sim.run(END_MS);
  return struck;
}

/**
 * The crash law for two replicas: wherever the leader leaves off, the other one comes to the same end, and writes nothing that
 * the leader alone would not have written, but for the one call that was on its way.
 *
 * @param options.isThorough at every call; else at one for each way to leave off, and at another one for each way
 */
export function intermediateStories({ isThorough }: { readonly isThorough: boolean }): void {
  describe.each(STORIES)("of two replicas one leaves off in the middle of $name, and the other ends it:", (story) => {
    let reference: Trace;
    let calls: number;
    beforeAll(async () => {
      reference = await referenceOf(story, TWO);
      calls = await callsOf(story);
      expect(calls).toBeGreaterThan(5);
    });

    test.each(ENDING_NAMES.map((name, index) => [name, index] as const))("%s", PATIENCE, async (name, index) => {
      const ending = ENDINGS[name] ?? (() => undefined);
      const all = Array.from({ length: calls }, (_, call) => call + 1);
      for (const i of isThorough ? all : [Math.ceil(((index + 0.5) / ENDING_NAMES.length) * calls)]) {
        const play = await Play.stage(story, TWO);
        const struck = await playWith(play, i, ending);
        const what = `${name}: ${i}, ${struck?.what}`;
        await play.expectLike(reference, { what, inFlight: inFlightOf(struck) });
        expect(play.sim.servers.lease.holder, what).toBe("replica-1");
      }
    });
  });
}

/** The call that was on its way; and, where it came late enough to undo what was done since, the same once more to mend that. */
function inFlightOf(struck: WireCall | undefined): readonly string[] {
  return struck?.server === "aws" && struck.isWrite ? [struck.what, struck.what] : [];
}
