import { expect, test } from "vitest";
import { defaultElectionTimings } from "../../../src/runtime/leader-election-timings.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import type { Replica } from "../../support/simulation/replica.ts";
import { Simulation } from "../../support/simulation/simulation.ts";

const CREATION = ["AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateRole", "PutRolePolicy"];
const TAKEOVER_MS = defaultElectionTimings.leaseDurationMs + 5_000;
const ONE_OF_TWO = { isElected: true, concurrency: 10, awsRates: { readsPerSecond: 200, writesPerSecond: 100 } };

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
    `in the middle of ${size} objects that come at once the leader %s: the other one leads within 20 s, and nothing is written twice`,
    { timeout: 300_000 },
    async (name) => {
      const sim = new Simulation();
      const [leader, standby] = [sim.start(ONE_OF_TWO), sim.start(ONE_OF_TWO)];
      await sim.run(5_000);
      for (let i = 0; i < size; i++) await sim.apply(s3ReadOnly({ namespace: "default", name: `app-${i}` }));
      const roles = (): number => leader.wire.calls.filter(({ what }) => what === "CreateRole").length;
      await sim.runUntil(() => roles() > size / 3, 60_000);
      expect(roles()).toBeLessThan(size);
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
    },
  );
}
