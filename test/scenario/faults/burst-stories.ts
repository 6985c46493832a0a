import { expect, test } from "vitest";
import { DEFAULT_ELECTION_TIMINGS } from "../../../src/runtime/election/leader-election-options.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import type { Replica } from "../../support/simulation/replica.ts";
import { Simulation } from "../../support/simulation/simulation.ts";

const CREATION = ["AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateRole", "PutRolePolicy"];
const TAKEOVER_MS = DEFAULT_ELECTION_TIMINGS.leaseDurationMs + 5_000;
/** Objects that one leader has in hand at once. */
const IN_HAND = 10;
/** Calls to AWS that an object takes from nothing to Ready. */
const CALLS = CREATION.length;
/** The read that proves what the lists of a scan do not, and the call that was under way. */
const EXCESS = 2;
const ONE_OF_TWO = {
  isElected: true,
  isSweeping: true,
  concurrency: IN_HAND,
  awsRates: { readsPerSecond: 200, writesPerSecond: 100 },
};

const ENDS: Readonly<Record<string, (leader: Replica) => void>> = {
  "is killed": (leader) => leader.kill(),
  "is cut off from both servers": (leader) => {
    leader.wire.isDark = true;
  },
  "stands still for 20 s": (leader) => leader.machine.block(20_000),
};

/** In virtual time, what test/e2e/two-controllers.test.ts measures on real processes. */
export function burstStories({ size }: { readonly size: number }): void {
  test.each(Object.keys(ENDS))(
    `in the middle of ${size} objects that come at once the leader %s: the other one leads within 20 s, nothing is written twice, and nothing done is looked at again`,
    { timeout: 300_000 },
    async (name) => {
      const sim = new Simulation();
      const [leader, standby] = [sim.start(ONE_OF_TWO), sim.start(ONE_OF_TWO)];
      await sim.run(5_000);
      for (let i = 0; i < size; i++) await sim.apply(s3ReadOnly({ namespace: "default", name: `app-${i}` }));
      const roles = (): number => leader.wire.calls.filter(({ what }) => what === "CreateRole").length;
      await sim.runUntil(() => roles() > size / 2, 60_000);
      expect(roles()).toBeLessThan(size);
      const sent = leader.wire.calls.length;
      ENDS[name]?.(leader);
      await sim.runUntil(() => standby.mayWrite, TAKEOVER_MS);
      await sim.runUntil(async () => {
        const ready = (await sim.user.list("default")).filter((object) => readyOf(object) === "True InSync");
        return ready.length === size;
      }, 300_000);
      const byObject = Map.groupBy(sim.writes("aws"), ({ subject }) => subject);
      expect(byObject.size).toBe(size);
      for (const [, writes] of byObject) expect(writes.map(({ what }) => what).sort()).toEqual(CREATION);
      expect(sim.writesWithoutLease).toEqual([]);
      const all = [...leader.wire.calls.slice(0, sent), ...standby.wire.calls];
      const calls = all.filter(({ server, subject }) => server === "aws" && subject !== "");
      const counts = [...Map.groupBy(calls, ({ subject }) => subject).values()].map(({ length }) => length);
      expect(counts.filter((count) => count > CALLS).length).toBeLessThanOrEqual(IN_HAND);
      expect(Math.max(...counts)).toBeLessThanOrEqual(CALLS + EXCESS);
    },
  );
}
