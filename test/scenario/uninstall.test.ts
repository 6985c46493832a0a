import { describe, expect, test } from "vitest";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { OrphanWorld } from "../support/simulation/orphan-world.ts";
import type { ReplicaOptions } from "../support/simulation/replica.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const MINUTE_MS = 60_000;
const NAMES = ["app", "bystander"];

/** What `kubectl delete -k crds --wait=false` does. */
async function deleteCrds(world: OrphanWorld): Promise<void> {
  const api = world.sim.servers.kubeApi();
  for (const { metadata } of readShippedCrds() as readonly { metadata: { name: string } }[])
    await api.expectOk({ method: "DELETE", path: `${CRDS}/${metadata.name}` });
}

/** The CRDs that the API server has. */
async function crds(world: OrphanWorld): Promise<readonly string[]> {
  const { items } = await world.sim.servers.kubeApi().expectOk({ method: "GET", path: CRDS });
  return (items as readonly { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

/** What `kubectl apply -k crds` does once they are gone. */
async function installCrds(world: OrphanWorld): Promise<void> {
  const api = world.sim.servers.kubeApi();
  for (const crd of readShippedCrds()) await api.expectOk({ method: "POST", path: CRDS, body: crd as never });
}

const writesOf = (world: OrphanWorld, sinceMs: number) => world.sim.writes("aws", sinceMs).map(({ what }) => what);

describe("deleting the CRDs under a running controller", () => {
  test("ends at once and changes nothing in AWS; applied again, the objects own their roles again", async () => {
    const world = await OrphanWorld.open();
    const sinceMs = world.sim.clock.monotonicMs();
    const before = JSON.stringify(world.sim.awsState());
    await deleteCrds(world);
    await world.sim.run(MINUTE_MS);
    expect(await crds(world)).toEqual([]);
    expect([JSON.stringify(world.sim.awsState()), writesOf(world, sinceMs)]).toEqual([before, []]);
    await installCrds(world);
    await world.sim.run(MINUTE_MS);
    for (const name of NAMES) await world.apply(name);
    await world.sim.run(MINUTE_MS);
    expect((await world.sim.object(world.key("app")))?.status?.conditions?.[0]).toMatchObject({ reason: "InSync" });
    // The tag with the uid of the object; no role or policy is written.
    expect(new Set(writesOf(world, sinceMs))).toEqual(new Set(["TagRole", "TagInstanceProfile"]));
  });

  test("while no controller runs waits for the next one, which keeps everything in AWS too", async () => {
    const world = await OrphanWorld.open();
    world.replica.kill();
    const sinceMs = world.sim.clock.monotonicMs();
    await deleteCrds(world);
    await world.sim.run(10 * MINUTE_MS);
    expect(await crds(world)).toContain("instanceprofiles.iam.instanceprofile.dev");
    await world.restart();
    await world.sim.run(MINUTE_MS);
    expect([await crds(world), world.roles, writesOf(world, sinceMs)]).toEqual([[], NAMES, []]);
  });

  test("releases a suspended object whose deletion had begun before", async () => {
    const world = await OrphanWorld.open();
    await world.apply("app", { suspend: true });
    await world.sim.run(MINUTE_MS);
    await world.sim.delete(world.key("app"));
    await world.sim.run(10 * MINUTE_MS);
    await deleteCrds(world);
    await world.sim.run(2 * MINUTE_MS);
    expect([await crds(world), world.roles]).toEqual([[], NAMES]);
  });

  test("deletes everything in AWS under --crd-deletion-policy=Delete", async () => {
    const world = await OrphanWorld.open({ crdDeletionPolicy: "Delete" });
    await deleteCrds(world);
    await world.sim.run(5 * MINUTE_MS);
    expect([await crds(world), world.roles, world.instanceProfiles]).toEqual([[], [], []]);
  });

  test.each<[string, ReplicaOptions]>([
    ["the default", {}],
    ["Delete", { orphanPolicy: "Delete" }],
  ])("leaves roles that --orphan-policy=%s does not delete when the objects do not come back", async (_, options) => {
    const world = await OrphanWorld.open(options);
    await deleteCrds(world);
    await world.sim.run(MINUTE_MS);
    await installCrds(world);
    await world.sim.run(MINUTE_MS);
    // An object that lives, without which no orphan is deleted.
    await world.apply("bystander");
    await world.scans(5);
    expect(world.roles).toEqual(NAMES);
    expect(world.counted).toBe(1);
  });
});
