import { describe, expect, test } from "vitest";
import type { Fate } from "../../support/faults/fault-proxy.ts";
import { Play } from "../../support/simulation/play.ts";
import type { WireCall } from "../../support/simulation/simulated-wire.ts";
import { STORIES, type Story } from "../stories.ts";

const BLOCK_MS = 20_000;
const ONE = { isElected: true, resyncMs: 60_000 };
const [create] = STORIES as readonly [Story];
const TOO_MANY_REQUESTS: Fate = { kind: "answer", status: 429, headers: { "retry-after": "1" }, body: "{}" };

/** Plays the creation with a leader whose event loop stands still as it sends this call, for the first time. */
async function blockedAt(at: string, { replicas = [ONE], fate }: { replicas?: (typeof ONE)[]; fate?: Fate }) {
  const play = await Play.stage(create, replicas);
  const { leader, sim } = play;
  let endMs = 0;
  leader.disturb = ({ what }) => {
    if (endMs > 0 || what !== at) return undefined;
    leader.machine.block(BLOCK_MS);
    endMs = sim.clock.monotonicMs() + BLOCK_MS;
    return fate;
  };
  await play.ask();
  await sim.run(120_000);
  expect(endMs).toBeGreaterThan(0);
  const later = leader.wire.calls.filter(({ sentAtMs }) => sentAtMs >= endMs);
  return { sim, later };
}

const isLease = ({ what }: WireCall): boolean => what === "PATCH leases";
const isOtherWrite = (call: WireCall): boolean => call.isWrite && !call.what.includes("leases");

describe("a leader whose event loop was blocked for longer than its lease lasts", () => {
  test.each(["PATCH instanceprofiles", "GetRole", "CreateRole", "PutRolePolicy"])(
    "at %s: makes no write before it holds the lease again, and then goes on",
    async (at) => {
      const { sim, later } = await blockedAt(at, {});
      const held = later.find((call) => isLease(call) && call.doneAtMs !== undefined);
      const first = later.find(isOtherWrite);
      expect(first?.sentAtMs).toBeGreaterThan(held?.doneAtMs ?? Number.POSITIVE_INFINITY);
      expect((await sim.object())?.status?.conditions?.[0]).toMatchObject({ type: "Ready", status: "True" });
    },
  );

  test.each(["PATCH instanceprofiles", "PATCH instanceprofiles/status"])(
    "at %s, which the API server refuses for now: does not send it again when another one leads",
    async (at) => {
      const { sim, later } = await blockedAt(at, { replicas: [ONE, ONE], fate: TOO_MANY_REQUESTS });
      expect(later.filter(isOtherWrite)).toEqual([]);
      expect(sim.writesWithoutLease).toEqual([]);
      expect((await sim.object())?.status?.conditions?.[0]).toMatchObject({ type: "Ready", status: "True" });
    },
  );
});
