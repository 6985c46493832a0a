import { expect } from "vitest";
import type { Declare } from "./suite.ts";
import { accepted, create, group, read, widget } from "./world.ts";

/** POST. */
export function creates(promise: Declare): void {
  promise("gives a new object its identity and the schema's defaults", async (world) => {
    const object = await create(world, "born", { color: "red" });
    expect(object).toMatchObject({
      apiVersion: `${group}/v1`,
      kind: "Widget",
      metadata: {
        name: "born",
        namespace: world.namespace,
        generation: 1,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        managedFields: [
          { manager: "contract", operation: "Update", apiVersion: `${group}/v1`, fieldsType: "FieldsV1" },
        ],
      },
      spec: { color: "red", size: 3 },
    });
    expect(await read(world, "born")).toEqual(object);
  });

  promise("does not take a status from whoever creates the object", async (world) => {
    const body = { ...widget("no-status"), status: { note: "mine" } };
    expect(accepted(await world.client.post(world.widgets, body)).status).toBeUndefined();
  });

  promise("refuses a second object of the same name", async (world) => {
    await create(world, "twin");
    expect(await world.client.post(world.widgets, widget("twin"))).toMatchObject({
      status: 409,
      body: {
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        reason: "AlreadyExists",
        code: 409,
        message: `widgets.${group} "twin" already exists`,
        details: { name: "twin", group, kind: "widgets" },
      },
    });
  });

  promise("makes a name from generateName", async (world) => {
    const body = { ...widget(""), metadata: { generateName: "made-" } };
    const object = accepted(await world.client.post(world.widgets, body));
    expect(object.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(object.metadata.generateName).toBe("made-");
  });

  const refused: readonly (readonly [what: string, meta: object, field: string, words: string])[] = [
    ["a name in capitals", { name: "UPPER" }, "metadata.name", "a lowercase RFC 1123 subdomain must consist of"],
    [
      "a label key with a space",
      { labels: { "bad key": "v" } },
      "metadata.labels",
      "name part must consist of alphanumeric",
    ],
    [
      "a label value with a bang",
      { labels: { k: "v!" } },
      "metadata.labels",
      "a valid label must be an empty string or",
    ],
    [
      "an annotation key with a space",
      { annotations: { "bad key": "" } },
      "metadata.annotations",
      "name part must consist",
    ],
    ["a finalizer with a space", { finalizers: ["bad one"] }, "metadata.finalizers", "name part must consist"],
    [
      "an owner without uid",
      { ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x" }] },
      "metadata.ownerReferences.uid",
      "must not be empty",
    ],
  ];
  for (const [what, meta, field, words] of refused) {
    promise(`refuses ${what}`, async (world) => {
      const answer = await world.client.post(world.widgets, widget("refused", undefined, meta));
      expect(answer).toMatchObject({ status: 422, body: { reason: "Invalid", code: 422 } });
      expect(answer.body.details.causes[0]).toMatchObject({ reason: "FieldValueInvalid", field });
      expect(answer.body.message).toContain(words);
    });
  }

  const unreadable: readonly (readonly [what: string, meta: Record<string, unknown>])[] = [
    ["a label that is not a text", { labels: { a: 1 } }],
    ["a finalizer that is not a text", { finalizers: [1] }],
    ["labels that are not a map", { labels: "a=b" }],
    ["a time that is not one", { creationTimestamp: "yesterday" }],
  ];
  for (const [what, meta] of unreadable) {
    promise(`cannot read an object with ${what}`, async (world) => {
      const answer = await world.client.post(world.widgets, widget("unreadable", undefined, meta));
      expect(answer).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
    });
  }

  promise("refuses an object that breaks its schema and names the field", async (world) => {
    expect(await world.client.post(world.widgets, widget("broken", { color: "", size: -1 }))).toMatchObject({
      status: 422,
      body: {
        reason: "Invalid",
        details: {
          name: "broken",
          group,
          kind: "Widget",
          causes: expect.arrayContaining([
            expect.objectContaining({ field: "spec.color", reason: "FieldValueInvalid" }),
            expect.objectContaining({ field: "spec.size", reason: "FieldValueInvalid" }),
          ]),
        },
      },
    });
  });

  promise("drops an unknown field with a warning, refuses it when asked to be strict", async (world) => {
    const body = (name: string) => widget(name, { color: "red", colour: "red" });
    const warned = await world.client.post(world.widgets, body("warned"));
    expect(warned).toMatchObject({ status: 201, warning: '299 - "unknown field \\"spec.colour\\""' });
    expect(warned.body.spec).toEqual({ color: "red", size: 3 });
    const silent = await world.client.post(`${world.widgets}?fieldValidation=Ignore`, body("silent"));
    expect(silent).toMatchObject({ status: 201, warning: "" });
    expect(await world.client.post(`${world.widgets}?fieldValidation=Strict`, body("strict"))).toMatchObject({
      status: 400,
      body: {
        reason: "BadRequest",
        message:
          'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.colour"',
      },
    });
  });

  promise("refuses a key that is said twice when asked to be strict", async (world) => {
    const text = JSON.stringify(widget("twice")).replace('"color":"red"', '"color":"red","color":"blue"');
    const answer = await world.client.post(`${world.widgets}?fieldValidation=Strict`, text);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain('duplicate field "spec.color"');
  });

  promise("takes YAML and answers in YAML", async (world) => {
    const text = `apiVersion: ${group}/v1\nkind: Widget\nmetadata: {name: yaml}\nspec: {color: red, size: 7}\n`;
    const answer = await world.client.post(world.widgets, text, {
      type: "application/yaml",
      accept: "application/yaml",
    });
    expect(answer).toMatchObject({ status: 201, contentType: "application/yaml" });
    expect(answer.body).toMatch(/^spec:\n {2}color: red\n {2}size: 7$/m);
  });

  promise("refuses a body of another kind, another version or another media type", async (world) => {
    const { client, widgets } = world;
    expect(await client.post(widgets, { ...widget("odd"), kind: "Gadget" })).toMatchObject({
      status: 422,
      body: { message: `Gadget.${group} "odd" is invalid: kind: Invalid value: "Gadget": must be Widget` },
    });
    const version = await client.post(widgets, { ...widget("odd"), apiVersion: `${group}/v2` });
    expect(version).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
    expect(version.body.message).toContain("does not match the expected API version");
    expect(await client.post(widgets, widget("odd"), { type: "text/plain" })).toMatchObject({
      status: 415,
      body: { reason: "UnsupportedMediaType" },
    });
    expect(await client.post(widgets, "{nonsense")).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
  });

  promise("refuses an object in a namespace that is not there", async ({ client }) => {
    expect(await client.post(`/apis/${group}/v1/namespaces/absent/widgets`, widget("lost"))).toMatchObject({
      status: 404,
      body: {
        reason: "NotFound",
        message: 'namespaces "absent" not found',
        details: { name: "absent", kind: "namespaces" },
      },
    });
  });

  promise("refuses an object that names another namespace than the request", async ({ client, widgets }) => {
    expect(await client.post(widgets, widget("lost", undefined, { namespace: "default" }))).toMatchObject({
      status: 400,
      body: { message: "the namespace of the provided object does not match the namespace sent on the request" },
    });
  });

  promise("judges a dry run and stores nothing", async ({ client, widgets }) => {
    const query = `${widgets}?dryRun=All`;
    expect(await client.post(query, widget("dry"))).toMatchObject({ status: 201, body: { spec: { size: 3 } } });
    expect((await client.get(`${widgets}/dry`)).status).toBe(404);
    expect((await client.post(query, widget("dry", { color: "" }))).status).toBe(422);
    expect(await client.post(`${widgets}?dryRun=Some`, widget("dry"))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('supported values: "All"') },
    });
  });

  promise("says what is not there", async ({ client, widgets }) => {
    expect(await client.get(`${widgets}/nobody`)).toMatchObject({
      status: 404,
      body: {
        kind: "Status",
        status: "Failure",
        reason: "NotFound",
        code: 404,
        message: `widgets.${group} "nobody" not found`,
        details: { name: "nobody", group, kind: "widgets" },
      },
    });
  });
}
