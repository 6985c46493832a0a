import { expect, test } from "vitest";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Simulation } from "../support/simulation/simulation.ts";

const ELECTED = { isElected: true };
const MINUTE_MS = 60_000;

const key = (name: string): ObjectKey => ({ namespace: "default", name });

/** A leader and a standby with three objects in sync, of which there is a backup; `restore` puts it back. */
async function backedUp() {
  const sim = new Simulation();
  const [leader, standby] = [sim.start(ELECTED), sim.start(ELECTED)];
  const apply = (name: string, description: string) => sim.apply(s3ReadOnly(key(name), { description }));
  for (const name of ["edited", "deleted", "bystander"]) await apply(name, "in the backup");
  await sim.run(3 * MINUTE_MS);
  const restore = sim.servers.backUp();
  await apply("edited", "lost");
  await sim.delete(key("deleted"));
  await apply("vanished", "lost");
  await sim.run(MINUTE_MS);
  expect(leader.mayWrite).toBe(true);
  /** The API server stops, and is back with the backup after that time. Others have written so often since. */
  const restoreOutage = async (writesOfOthers: number, downMs: number): Promise<void> => {
    for (const { wire } of sim.replicas) wire.reset();
    for (const replica of sim.replicas)
      replica.disturb = ({ server }) => (server === "kube" ? { kind: "refuse" } : undefined);
    await sim.run(downMs);
    restore();
    sim.servers.writeElsewhere(writesOfOthers);
    for (const replica of sim.replicas) replica.disturb = () => undefined;
  };
  return { sim, leader, standby, apply, restoreOutage };
}

type Roles = Readonly<Record<string, { readonly description?: string }>>;
const descriptionOf = (sim: Simulation, name: string): string | undefined =>
  (sim.awsState().roles as Roles)[name]?.description;

for (const [symptom, writesOfOthers, downMs] of [
  ["at a version below the controller's", 0, 5_000],
  ["at a version that others have driven beyond the controller's", 1_000, 5_000],
  ["by the standby alone, when the leader has lost the lease", 1_000, 30_000],
] as const) {
  test(`a restore of etcd is followed within a minute ${symptom}`, async () => {
    const { sim, leader, standby, apply, restoreOutage } = await backedUp();
    await restoreOutage(writesOfOthers, downMs);
    await sim.run(MINUTE_MS);
    for (const name of ["edited", "deleted", "bystander"]) {
      expect(descriptionOf(sim, name)).toBe("in the backup");
      expect(readyOf(await sim.object(key(name)))).toBe("True InSync");
    }
    expect(descriptionOf(sim, "vanished")).toBe("lost");
    const next = downMs < 10_000 ? leader : standby;
    expect(next.mayWrite).toBe(true);
    expect(next.logger.messages("warn").join()).toContain("etcd was restored from a backup");
    leader.kill();
    await apply("edited", "after the restore");
    await sim.run(MINUTE_MS);
    expect(standby.mayWrite).toBe(true);
    expect(descriptionOf(sim, "edited")).toBe("after the restore");
    expect(descriptionOf(sim, "deleted")).toBe("in the backup");
    expect(sim.writesWithoutLease).toEqual([]);
  });
}

test("a standby whose watch is dead writes nothing of the lost past to AWS, although generations are the same", async () => {
  const { sim, leader, standby, apply, restoreOutage } = await backedUp();
  // A line that gets lost leaves the watch without an end.
  standby.wire.isDark = true;
  await apply("bystander", "seen by the leader alone");
  await sim.run(1_000);
  standby.wire.isDark = false;
  const generation = (await sim.object(key("edited")))?.metadata.generation;
  standby.wire.reset = () => {};
  await restoreOutage(0, 5_000);
  await sim.run(20_000);
  await apply("edited", "after the restore");
  expect((await sim.object(key("edited")))?.metadata.generation).toBe(generation);
  await sim.run(10_000);
  expect(descriptionOf(sim, "edited")).toBe("after the restore");
  leader.kill();
  const fromMs = sim.clock.monotonicMs();
  await sim.run(60_000);
  expect(standby.mayWrite).toBe(true);
  expect(sim.writes("aws", fromMs).filter(({ subject }) => subject === "edited")).toEqual([]);
  await sim.run(5 * MINUTE_MS);
  expect(descriptionOf(sim, "edited")).toBe("after the restore");
  expect(readyOf(await sim.object(key("edited")))).toBe("True InSync");
});
