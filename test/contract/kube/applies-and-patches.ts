import { expect } from "vitest";
import { apply, jsonPatch } from "./client.ts";
import type { Declare } from "./suite.ts";
import { accepted, applyAs, change, create, group, read, widget } from "./world.ts";

/** PATCH in all its kinds. */
export function appliesAndPatches(promise: Declare): void {
  promise("merges a merge patch, and a null removes", async (world) => {
    await create(world, "merged", { color: "red", tags: { a: "1", b: "2" } });
    const object = await change(world, "merged", { spec: { tags: { a: null, c: "3" } } });
    expect(object.spec).toEqual({ color: "red", size: 3, tags: { b: "2", c: "3" } });
  });

  promise("honours the resourceVersion in a merge patch", async (world) => {
    const { metadata } = await create(world, "guarded");
    await change(world, "guarded", { spec: { size: 1 } });
    const patch = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { size: 2 } };
    expect(await world.client.patch(`${world.widgets}/guarded`, patch)).toMatchObject({
      status: 409,
      body: { reason: "Conflict" },
    });
  });

  promise("applies a JSON patch whole or not at all", async (world) => {
    await create(world, "tested");
    const path = `${world.widgets}/tested`;
    const failing = [
      { op: "replace", path: "/spec/size", value: 9 },
      { op: "test", path: "/spec/color", value: "green" },
    ];
    expect(await world.client.patch(path, failing, jsonPatch)).toMatchObject({
      status: 422,
      body: { reason: "Invalid", message: "the server rejected our request due to an error in our request" },
    });
    expect((await read(world, "tested")).spec.size).toBe(3);
    const passing = [{ op: "test", path: "/spec/color", value: "red" }, ...failing.slice(0, 1)];
    expect(accepted(await world.client.patch(path, passing, jsonPatch)).spec.size).toBe(9);
    expect((await world.client.patch(path, [{ op: "remove", path: "/spec/none" }], jsonPatch)).status).toBe(422);
    expect((await world.client.patch(path, { op: "add" }, jsonPatch)).status).toBe(400);
  });

  promise("refuses patches of kinds that custom resources do not have", async (world) => {
    await create(world, "picky");
    for (const type of ["application/strategic-merge-patch+json", "application/json"]) {
      expect(await world.client.patch(`${world.widgets}/picky`, {}, type)).toMatchObject({
        status: 415,
        body: { reason: "UnsupportedMediaType" },
      });
    }
  });

  promise("judges what a patch leaves", async (world) => {
    await create(world, "judged");
    expect((await world.client.patch(`${world.widgets}/judged`, { spec: { size: "many" } })).status).toBe(422);
    expect(
      (await world.client.patch(`${world.widgets}/judged?fieldValidation=Strict`, { spec: { sighs: 1 } })).status,
    ).toBe(422);
    const warned = await world.client.patch(`${world.widgets}/judged`, { spec: { sighs: 1 } });
    expect(warned).toMatchObject({ status: 200, warning: '299 - "unknown field \\"spec.sighs\\""' });
    expect((await world.client.patch(`${world.widgets}/nobody`, {})).status).toBe(404);
  });

  promise("creates by apply, and applying the same again changes nothing", async (world) => {
    const first = await applyAs(world, "one", "applied", { color: "red", size: 1 });
    expect(first).toMatchObject({
      status: 201,
      body: { metadata: { managedFields: [{ manager: "one", operation: "Apply" }] } },
    });
    const second = await applyAs(world, "one", "applied", { color: "red", size: 1 });
    expect(second).toMatchObject({ status: 200 });
    expect(second.body).toEqual(first.body);
  });

  promise("names the owner of a field that another manager applies", async (world) => {
    accepted(await applyAs(world, "one", "disputed", { color: "red", size: 1 }));
    expect(await applyAs(world, "two", "disputed", { color: "red", size: 2 })).toMatchObject({
      status: 409,
      body: {
        reason: "Conflict",
        message: 'Apply failed with 1 conflict: conflict with "one": .spec.size',
        details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.size", message: 'conflict with "one"' }] },
      },
    });
    expect(accepted(await applyAs(world, "two", "disputed", { color: "red", size: 2 }, "&force=true")).spec.size).toBe(
      2,
    );
  });

  promise("removes by apply what its manager alone had and no longer names", async (world) => {
    accepted(await applyAs(world, "one", "dropped", { color: "red", tags: { a: "1", b: "2" } }));
    const object = accepted(await applyAs(world, "one", "dropped", { color: "red", tags: { b: "2" } }));
    expect(object.spec.tags).toEqual({ b: "2" });
  });

  promise("merges keyed lists of different managers by their keys", async (world) => {
    accepted(await applyAs(world, "one", "listed", { color: "red", parts: [{ name: "x", count: 1 }] }));
    const object = accepted(await applyAs(world, "two", "listed", { color: "red", parts: [{ name: "y", count: 2 }] }));
    expect(object.spec.parts).toEqual([
      { name: "x", count: 1 },
      { name: "y", count: 2 },
    ]);
  });

  promise("applies a status through the status subresource alone", async (world) => {
    await create(world, "status-applied");
    const body = { ...widget("status-applied"), spec: undefined, status: { note: "applied" } };
    const path = `${world.widgets}/status-applied`;
    expect(
      accepted(await world.client.patch(`${path}?fieldManager=one`, { ...body, spec: { color: "red" } }, apply)).status,
    ).toBeUndefined();
    const written = accepted(await world.client.patch(`${path}/status?fieldManager=two`, body, apply));
    expect(written.status).toEqual({ note: "applied" });
    const entry = written.metadata.managedFields.find((item: { manager: string }) => item.manager === "two");
    expect(entry).toMatchObject({
      operation: "Apply",
      subresource: "status",
      fieldsV1: { "f:status": { "f:note": {} } },
    });
  });

  promise("refuses an apply without manager, with managedFields or with unknown fields", async (world) => {
    const path = `${world.widgets}/sloppy`;
    expect(await world.client.patch(path, widget("sloppy"), apply)).toMatchObject({
      status: 422,
      body: {
        message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      },
    });
    const owned = widget("sloppy", undefined, { managedFields: [] });
    expect(await world.client.patch(`${path}?fieldManager=one`, owned, apply)).toMatchObject({
      status: 400,
      body: { message: "metadata.managedFields must be nil" },
    });
    const unknown = await applyAs(world, "one", "sloppy", { color: "red", colour: "red" });
    expect(unknown.status).toBe(500);
    expect(unknown.body.message).toContain(`${group}/v1, Kind=Widget): .spec.colour: field not declared in schema`);
  });
}
