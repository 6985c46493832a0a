import { expect, test, vi } from "vitest";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation } from "../support/simulation/organisation.ts";
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

test("a class counts objects in each of the namespaces of a controller, and its edit reaches them", async () => {
  const org = await Organisation.open();
  const { sim } = org;
  for (const namespace of ["team-a", "team-b"]) await sim.user.createNamespace(namespace);
  await org.applyClass("a", { maxPerNamespace: 1 });
  sim.start({ namespaces: ["team-a", "team-b"], hasClasses: true });
  const keys = ["team-a", "team-b"].flatMap((namespace) => ["one", "two"].map((name) => ({ namespace, name })));
  const pass = async (ms: number): Promise<void> => {
    await sim.run(ms);
    vi.setSystemTime(sim.clock.nowMs());
  };
  for (const key of keys) {
    await sim.apply(s3ReadOnly(key, { roleName: `${key.namespace}-${key.name}`, className: "a" }));
    await pass(10_000);
  }
  const ready = async (): Promise<readonly boolean[]> =>
    Promise.all(keys.map(async (key) => isReady(await sim.object(key))));
  expect(await ready()).toEqual([true, false, true, false]);
  await org.applyClass("a", { maxPerNamespace: 2 });
  await pass(60_000);
  expect(await ready()).toEqual([true, true, true, true]);
  org.close();
});

function isReady(object: Awaited<ReturnType<Simulation["object"]>>): boolean {
  return object?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
