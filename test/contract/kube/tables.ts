import { expect } from "vitest";
import { type Answered, asMetadata, asTable } from "./client.ts";
import type { Declare } from "./suite.ts";
import { accepted, create } from "./world.ts";

/** What kubectl get asks for. */
export function tables(promise: Declare): void {
  promise("shows a collection as a table with the columns of its CRD", async (world) => {
    await create(world, "shown", { color: "silver", size: 4 });
    const conditions = [{ type: "Ready", status: "True" }];
    const status = { status: { conditions, note: "fine" } };
    accepted(await world.client.patch(`${world.widgets}/shown/status`, status));
    await create(world, "bare", { color: "silver" });
    const path = `${world.widgets}?fieldSelector=spec.color%3Dsilver`;
    const { body, contentType } = await world.client.get(path, { accept: asTable });
    expect(contentType).toMatch(/^application\/json/);
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(body.columnDefinitions.map(({ name, type, priority }: Answered) => [name, type, priority])).toEqual([
      ["Name", "string", 0],
      ["Color", "string", 0],
      ["Size", "integer", 0],
      ["Ready", "string", 0],
      ["Note", "string", 1],
      ["Age", "date", 0],
    ]);
    const age = expect.stringMatching(/^\d+s$/);
    expect(body.rows.map(({ cells }: Answered) => cells)).toEqual([
      ["bare", "silver", 3, null, null, age],
      ["shown", "silver", 4, "True", "fine", age],
    ]);
    expect(body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "bare" } });
  });

  promise("puts as much of the object in a row as is asked for", async (world) => {
    await create(world, "row");
    const path = `${world.widgets}/row`;
    const whole = await world.client.get(`${path}?includeObject=Object`, { accept: asTable });
    expect(whole.body.rows[0].object).toMatchObject({ kind: "Widget", spec: { color: "red" } });
    const none = await world.client.get(`${path}?includeObject=None`, { accept: asTable });
    expect(none.body.rows[0].object).toBeNull();
    expect((await world.client.get(`${path}?includeObject=Some`, { accept: asTable })).status).toBe(400);
  });

  promise("shows only metadata when asked for only that", async (world) => {
    await create(world, "meta", undefined, { labels: { show: "meta" } });
    const one = await world.client.get(`${world.widgets}/meta`, { accept: asMetadata });
    expect(one.body).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "meta" } });
    expect(one.body.spec).toBeUndefined();
    const accept = asMetadata.replace("Metadata;", "MetadataList;");
    const list = await world.client.get(`${world.widgets}?labelSelector=show%3Dmeta`, { accept });
    expect(list.body).toMatchObject({ kind: "PartialObjectMetadataList", items: [{ metadata: { name: "meta" } }] });
  });

  promise("takes the first type of Accept that it has, and refuses when it has none", async (world) => {
    await create(world, "typed");
    const path = `${world.widgets}/typed`;
    const fallback = await world.client.get(path, { accept: "text/html,application/json" });
    expect(fallback.body.kind).toBe("Widget");
    expect(await world.client.get(path, { accept: "text/html" })).toMatchObject({
      status: 406,
      body: { reason: "NotAcceptable" },
    });
  });

  const columns: readonly (readonly [path: string, names: readonly string[]])[] = [
    ["/api/v1/namespaces", ["Name", "Status", "Age"]],
    ["/api/v1/configmaps", ["Name", "Data", "Age"]],
    ["/apis/coordination.k8s.io/v1/leases", ["Name", "Holder", "Age"]],
    [
      "/api/v1/events",
      ["Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name"],
    ],
    ["/apis/apiextensions.k8s.io/v1/customresourcedefinitions", ["Name", "Created At"]],
  ];
  for (const [path, names] of columns) {
    promise(`shows the columns of ${path}`, async ({ client }) => {
      const { body } = await client.get(`${path}?limit=1`, { accept: asTable });
      expect(body.columnDefinitions.map(({ name }: Answered) => name)).toEqual(names);
    });
  }
}
