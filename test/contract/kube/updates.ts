import { expect } from "vitest";
import type { Declare } from "./suite.ts";
import { accepted, change, create, group, read, widget } from "./world.ts";

/** PUT, and what every write keeps to. */
export function updates(promise: Declare): void {
  promise("refuses an update that does not say what it is based on", async (world) => {
    await create(world, "blind");
    expect(await world.client.put(`${world.widgets}/blind`, widget("blind", { color: "red", size: 4 }))).toMatchObject({
      status: 422,
      body: { details: { causes: [{ field: "metadata.resourceVersion" }] } },
    });
  });

  promise("refuses an update based on an old state", async (world) => {
    const first = await create(world, "stale");
    await change(world, "stale", { spec: { size: 4 } });
    expect(
      await world.client.put(`${world.widgets}/stale`, { ...first, spec: { color: "red", size: 5 } }),
    ).toMatchObject({
      status: 409,
      body: {
        reason: "Conflict",
        message: `Operation cannot be fulfilled on widgets.${group} "stale": the object has been modified; please apply your changes to the latest version and try again`,
        details: { name: "stale", group, kind: "widgets" },
      },
    });
    expect((await read(world, "stale")).spec.size).toBe(4);
  });

  promise("does not create by PUT", async ({ client, widgets }) => {
    expect((await client.put(`${widgets}/nobody`, widget("nobody"))).status).toBe(404);
  });

  promise("refuses another name or another uid than the object's", async (world) => {
    const object = await create(world, "same");
    const renamed = await world.client.put(`${world.widgets}/same`, {
      ...object,
      metadata: { ...object.metadata, name: "other" },
    });
    expect(renamed).toMatchObject({
      status: 400,
      body: { message: "the name of the object (other) does not match the name on the URL (same)" },
    });
    const uid = "00000000-0000-0000-0000-000000000000";
    const replaced = await world.client.put(`${world.widgets}/same`, {
      ...object,
      metadata: { ...object.metadata, uid },
    });
    expect(replaced).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(replaced.body.message).toContain(`UID in precondition: ${uid}`);
    const patched = await world.client.patch(`${world.widgets}/same`, { metadata: { uid } });
    expect(patched).toMatchObject({
      status: 422,
      body: { details: { causes: expect.arrayContaining([expect.objectContaining({ field: "metadata.uid" })]) } },
    });
  });

  promise("counts a generation only when the spec changes", async (world) => {
    await create(world, "counted");
    expect((await change(world, "counted", { metadata: { labels: { a: "b" } } })).metadata.generation).toBe(1);
    expect((await change(world, "counted", { spec: { size: 8 } })).metadata.generation).toBe(2);
    const status = await world.client.patch(`${world.widgets}/counted/status`, { status: { note: "n" } });
    expect(accepted(status).metadata.generation).toBe(2);
    expect((await change(world, "counted", { metadata: { generation: 9 } })).metadata.generation).toBe(2);
  });

  promise("gives every change a new resourceVersion and a write of nothing none", async (world) => {
    const { metadata: first } = await create(world, "quiet");
    const { metadata: second } = await change(world, "quiet", { spec: { size: 5 } });
    expect(Number(second.resourceVersion)).toBeGreaterThan(Number(first.resourceVersion));
    expect((await change(world, "quiet", { spec: { size: 5 } })).metadata).toEqual(second);
    const object = await read(world, "quiet");
    expect(accepted(await world.client.put(`${world.widgets}/quiet`, object))).toEqual(object);
  });

  promise("ignores the status in a write of the object", async (world) => {
    const object = await create(world, "spec-only");
    const body = { ...object, spec: { color: "red", size: 6 }, status: { note: "ignored" } };
    const written = accepted(await world.client.put(`${world.widgets}/spec-only`, body));
    expect(written.spec.size).toBe(6);
    expect(written.status).toBeUndefined();
  });

  promise("ignores all but the status in a write of the status", async (world) => {
    const object = await create(world, "status-only");
    const body = {
      ...object,
      metadata: { ...object.metadata, labels: { a: "b" }, finalizers: ["example.dev/x"] },
      spec: { color: "red", size: 99 },
      status: { note: "kept" },
    };
    const written = accepted(await world.client.put(`${world.widgets}/status-only/status`, body));
    expect(written).toMatchObject({ spec: { size: 3 }, status: { note: "kept" }, metadata: { generation: 1 } });
    expect(written.metadata.labels).toBeUndefined();
    expect(written.metadata.finalizers).toBeUndefined();
    expect((await world.client.get(`${world.widgets}/status-only/status`)).body).toEqual(written);
  });

  promise("keeps a field that a rule calls immutable", async (world) => {
    await create(world, "fixed");
    expect(await world.client.patch(`${world.widgets}/fixed`, { spec: { color: "blue" } })).toMatchObject({
      status: 422,
      body: {
        message: `Widget.${group} "fixed" is invalid: spec.color: Invalid value: "blue": color is immutable`,
        details: { causes: [{ reason: "FieldValueInvalid", field: "spec.color" }] },
      },
    });
  });

  promise("does not let a client set when an object was made", async (world) => {
    const { metadata } = await create(world, "dated");
    const patched = await change(world, "dated", { metadata: { creationTimestamp: "2001-01-01T00:00:00Z" } });
    expect(patched.metadata.creationTimestamp).toBe(metadata.creationTimestamp);
  });
}
