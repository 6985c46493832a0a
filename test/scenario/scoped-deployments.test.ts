import { afterEach, beforeEach, expect, test } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";

const MINUTE_MS = 60_000;
const FINALIZERS = /^iam\.instanceprofile\.dev\/in-use-[0-9a-f]{16}$/;

let org: Organisation;
let sim: Simulation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
  for (const team of ["a", "b"] as const) {
    await sim.user.createNamespace(`team-${team}`);
    await org.applyClass(team);
  }
});
afterEach(() => org.close());

const apply = (namespace: string, className: string, name = `of-${namespace}`): Promise<void> =>
  sim.apply(s3ReadOnly({ namespace, name }, { className }));
const classWrites = (sinceMs: number): readonly string[] =>
  sim.calls
    .filter(({ what, isWrite, sentAtMs }) => isWrite && /instanceprofileclasses/.test(what) && sentAtMs >= sinceMs)
    .map(({ by, what, subject }) => `${by} ${what} ${subject}`);

async function finalizersOf(name: string): Promise<readonly string[] | undefined> {
  const path = `/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses/${name}`;
  const { status, body } = await sim.servers.kubeApi().request({ method: "GET", path });
  return status === 404
    ? undefined
    : ((body["metadata"] as { readonly finalizers?: readonly string[] }).finalizers ?? []);
}

/** A deployment for each team's namespace, with objects of class `a` in both. */
async function twoDeployments(): Promise<void> {
  for (const team of ["a", "b"]) sim.start({ hasClasses: true, namespaces: [`team-${team}`] });
  for (const team of ["a", "b"]) await apply(`team-${team}`, "a");
  await sim.run(2 * MINUTE_MS);
  for (const team of ["a", "b"])
    expect(readyOf(await sim.object({ namespace: `team-${team}`, name: `of-team-${team}` }))).toBe("True InSync");
}

test("two deployments with scopes share a class for ten minutes without a write to it, and scan no account without their objects", async () => {
  await twoDeployments();
  const sinceMs = sim.clock.monotonicMs();
  await sim.run(10 * MINUTE_MS);
  expect(classWrites(sinceMs)).toEqual([]);
  expect(sim.writes("kube", sinceMs)).toEqual([]);
  expect(sim.writes("aws", sinceMs)).toEqual([]);
  expect(org.callsTo(TEAMS.b)).toEqual([]);
});

test("a class is kept until no deployment has objects of it, and each removes its own finalizer alone", async () => {
  await twoDeployments();
  const finalizers = (await finalizersOf("a")) ?? [];
  expect(new Set(finalizers).size).toBe(2);
  for (const finalizer of finalizers) expect(finalizer).toMatch(FINALIZERS);
  expect(await finalizersOf("b")).toEqual([]);
  await org.deleteClass("a");
  await sim.delete({ namespace: "team-a", name: "of-team-a" });
  await sim.run(5 * MINUTE_MS);
  expect(await finalizersOf("a")).toHaveLength(1);
  await sim.delete({ namespace: "team-b", name: "of-team-b" });
  await sim.run(5 * MINUTE_MS);
  expect(await finalizersOf("a")).toBeUndefined();
  expect(org.rolesIn(TEAMS.a)).toEqual([]);
});

test("only the deployment that runs with --report-classes writes the status of classes", async () => {
  sim.start({ hasClasses: true, namespaces: ["team-b"] });
  sim.start({ hasClasses: true, namespaces: ["team-a"], reportsClasses: true });
  for (const team of ["a", "b"]) await apply(`team-${team}`, "a");
  await sim.run(2 * MINUTE_MS);
  expect(await org.classReady("a")).toMatch(/^True AccountReachable/);
  expect((await org.classStatus("a"))?.objects).toBe(1);
  const reporters = classWrites(0).filter((write) => write.includes("/status"));
  expect(new Set(reporters.map((write) => write.split(" ")[0]))).toEqual(new Set(["replica-1"]));
});
