import { expect } from "vitest";
import type { Declare } from "./suite.ts";
import { accepted, change, create, group, read } from "./world.ts";

const hold = "example.dev/hold";

/** DELETE. */
export function deletions(promise: Declare): void {
  promise("removes an object that nothing holds, and says so", async (world) => {
    const { metadata } = await create(world, "gone");
    expect(await world.client.delete(`${world.widgets}/gone`)).toMatchObject({
      status: 200,
      body: { kind: "Status", status: "Success", details: { name: "gone", group, kind: "widgets", uid: metadata.uid } },
    });
    expect((await world.client.get(`${world.widgets}/gone`)).status).toBe(404);
    expect((await world.client.delete(`${world.widgets}/gone`)).status).toBe(404);
  });

  promise("keeps a deleted object until its last finalizer goes", async (world) => {
    await create(world, "held", undefined, { finalizers: [hold] });
    const deleted = accepted(await world.client.delete(`${world.widgets}/held`));
    expect(deleted).toMatchObject({
      kind: "Widget",
      metadata: {
        generation: 2,
        deletionGracePeriodSeconds: 0,
        deletionTimestamp: expect.any(String),
        finalizers: [hold],
      },
    });
    expect(accepted(await world.client.delete(`${world.widgets}/held`))).toEqual(deleted);
    const relabelled = await change(world, "held", { metadata: { labels: { still: "here" } } });
    expect(relabelled.metadata.deletionTimestamp).toBe(deleted.metadata.deletionTimestamp);
    expect(
      accepted(await world.client.patch(`${world.widgets}/held`, { metadata: { finalizers: null } })).metadata.name,
    ).toBe("held");
    expect((await world.client.get(`${world.widgets}/held`)).status).toBe(404);
  });

  promise("takes no new finalizers once an object is being deleted", async (world) => {
    await create(world, "closing", undefined, { finalizers: [hold] });
    accepted(await world.client.delete(`${world.widgets}/closing`));
    const answer = await world.client.patch(`${world.widgets}/closing`, {
      metadata: { finalizers: [hold, "example.dev/more"] },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.dev/more"}',
    );
    await change(world, "closing", { metadata: { finalizers: null } });
  });

  promise("deletes only the object that the preconditions mean", async (world) => {
    const { metadata } = await create(world, "meant");
    const path = `${world.widgets}/meant`;
    const other = await world.client.delete(path, { preconditions: { uid: "other" } });
    expect(other).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(other.body.message).toContain(
      `the UID in the precondition (other) does not match the UID in record (${metadata.uid})`,
    );
    expect((await world.client.delete(path, { preconditions: { resourceVersion: "1" } })).status).toBe(409);
    const { uid, resourceVersion } = metadata;
    accepted(await world.client.delete(path, { preconditions: { uid, resourceVersion } }));
  });

  promise("deletes nothing in a dry run", async (world) => {
    await create(world, "spared");
    accepted(await world.client.delete(`${world.widgets}/spared?dryRun=All`));
    accepted(await world.client.delete(`${world.widgets}/spared`, { dryRun: ["All"] }));
    expect((await read(world, "spared")).metadata.deletionTimestamp).toBeUndefined();
  });

  promise("refuses a propagation policy that there is not", async (world) => {
    await create(world, "policy");
    expect(await world.client.delete(`${world.widgets}/policy`, { propagationPolicy: "Sideways" })).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('Unsupported value: "Sideways"') },
    });
  });

  promise("deletes the part of a collection that a selector matches", async (world) => {
    for (const name of ["batch-1", "batch-2"]) await create(world, name, undefined, { labels: { batch: "yes" } });
    const deleted = await world.client.delete(`${world.widgets}?labelSelector=batch%3Dyes`);
    expect(accepted(deleted).items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      "batch-1",
      "batch-2",
    ]);
    expect((await world.client.get(`${world.widgets}?labelSelector=batch`)).body.items).toEqual([]);
    expect((await world.client.get(`${world.widgets}`)).body.items.length).toBeGreaterThan(0);
  });

  promise("deletes what names a deleted object as its only owner", async (world) => {
    const owner = await create(world, "owner");
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: `${group}/v1`, kind: "Widget", name: "owner", uid }];
    await create(world, "owned", undefined, { ownerReferences });
    accepted(await world.client.delete(`${world.widgets}/owner`, { propagationPolicy: "Background" }));
    expect((await world.client.get(`${world.widgets}/owned`)).status).toBe(404);
  });

  promise("keeps an owner that is deleted in the foreground until what it blocks for is gone", async (world) => {
    const owner = await create(world, "front");
    const { uid } = owner.metadata;
    const ownerReferences = [
      { apiVersion: `${group}/v1`, kind: "Widget", name: "front", uid, blockOwnerDeletion: true },
    ];
    await create(world, "behind", undefined, { ownerReferences, finalizers: [hold] });
    const deleted = accepted(await world.client.delete(`${world.widgets}/front`, { propagationPolicy: "Foreground" }));
    expect(deleted.metadata.finalizers).toEqual(["foregroundDeletion"]);
    expect((await read(world, "behind")).metadata.deletionTimestamp).toBeDefined();
    expect((await world.client.get(`${world.widgets}/front`)).status).toBe(200);
    await change(world, "behind", { metadata: { finalizers: null } });
    expect((await world.client.get(`${world.widgets}/front`)).status).toBe(404);
  });

  promise("lets go of what an orphaning deletion leaves", async (world) => {
    const { uid } = (await create(world, "parent")).metadata;
    const ownerReferences = [{ apiVersion: `${group}/v1`, kind: "Widget", name: "parent", uid }];
    await create(world, "orphan", undefined, { ownerReferences });
    accepted(await world.client.delete(`${world.widgets}/parent`, { propagationPolicy: "Orphan" }));
    expect((await world.client.get(`${world.widgets}/parent`)).status).toBe(404);
    expect((await read(world, "orphan")).metadata.ownerReferences ?? []).toEqual([]);
  });
}
