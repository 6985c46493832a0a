import { expect, test } from "vitest";
import { s3ReadOnly } from "../support/manifest.ts";
import { Simulation } from "../support/simulation/simulation.ts";

const NAMESPACES = ["default", "team-a", "team-b"];

test("a controller of two namespaces works in both, deletes in both, and leaves the third alone", async () => {
  const sim = new Simulation();
  for (const namespace of ["team-a", "team-b"]) await sim.user.createNamespace(namespace);
  sim.start({ namespaces: ["default", "team-a"] });
  const keys = NAMESPACES.map((namespace) => ({ namespace, name: `app-${namespace}` }));
  for (const key of keys) await sim.apply(s3ReadOnly(key, { roleName: key.name }));
  const [first, second, other] = keys;
  await sim.runUntil(
    async () => (await Promise.all([first, second].map((key) => sim.object(key)))).every(isReady),
    120_000,
  );
  await sim.delete(second);
  await sim.runUntil(async () => (await sim.object(second)) === undefined, 120_000);
  expect(await sim.object(first)).toBeDefined();
  expect((await sim.object(other))?.status).toBeUndefined();
  expect(sim.calls.filter(({ subject }) => subject.includes("team-b"))).toEqual([]);
});

function isReady(object: Awaited<ReturnType<Simulation["object"]>>): boolean {
  return object?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
