import { randomUUID } from "node:crypto";
import { expect, vi } from "vitest";
import { type Answered, apply } from "./client.ts";
import type { Declare } from "./suite.ts";
import { accepted, group, type World, widget, widgetDefinition } from "./world.ts";

const time = "2026-01-02T03:04:05.000006Z";

function event(world: World, name: string, more: Answered = {}): Answered {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name },
    eventTime: time,
    reportingController: "example.dev/controller",
    reportingInstance: "controller-0",
    action: "Reconcile",
    reason: "Created",
    regarding: { apiVersion: `${group}/v1`, kind: "Widget", namespace: world.namespace, name, uid: "the-uid" },
    note: "made it",
    type: "Normal",
    ...more,
  };
}

const paths = (world: World) => ({
  core: `/api/v1/namespaces/${world.namespace}`,
  events: `/apis/events.k8s.io/v1/namespaces/${world.namespace}/events`,
  leases: `/apis/coordination.k8s.io/v1/namespaces/${world.namespace}/leases`,
});

/** Namespaces, ConfigMaps, Leases, Events, CRDs, reviews. */
export function builtIns(promise: Declare): void {
  promise("has the namespaces that every cluster has, kube-system with a uid", async ({ client }) => {
    for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
      const namespace = accepted(await client.get(`/api/v1/namespaces/${name}`));
      expect(namespace).toMatchObject({
        status: { phase: "Active" },
        metadata: { uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      });
    }
  });

  promise("makes a namespace active, labels it with its name and refuses a bad name", async ({ client }) => {
    const name = `made-${randomUUID().slice(0, 8)}`;
    expect(accepted(await client.post("/api/v1/namespaces", { metadata: { name } }))).toMatchObject({
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
      metadata: { labels: { "kubernetes.io/metadata.name": name } },
    });
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "dots.are.bad" } };
    expect(await client.post("/api/v1/namespaces", body)).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining("must not contain dots") },
    });
    await client.delete(`/api/v1/namespaces/${name}`);
  });

  promise("does not delete a namespace that the cluster needs", async ({ client }) => {
    expect(await client.delete("/api/v1/namespaces/default")).toMatchObject({
      status: 403,
      body: { reason: "Forbidden", message: 'namespaces "default" is forbidden: this namespace may not be deleted' },
    });
  });

  promise("takes nothing new into a namespace that is being deleted", async ({ client }) => {
    const name = `closing-${randomUUID().slice(0, 8)}`;
    accepted(await client.post("/api/v1/namespaces", { metadata: { name } }));
    const widgets = `/apis/${group}/v1/namespaces/${name}/widgets`;
    accepted(await client.post(widgets, widget("held", undefined, { finalizers: ["example.dev/hold"] })));
    const deleted = accepted(await client.delete(`/api/v1/namespaces/${name}`));
    expect(deleted).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
    expect(await client.post(widgets, widget("late"))).toMatchObject({
      status: 403,
      body: {
        reason: "Forbidden",
        message: expect.stringContaining(
          `unable to create new content in namespace ${name} because it is being terminated`,
        ),
        details: { causes: [{ reason: "NamespaceTerminating" }] },
      },
    });
    accepted(await client.patch(`${widgets}/held`, { metadata: { finalizers: null } }));
  });

  promise("deletes what is in a namespace before the namespace", async ({ client }) => {
    const name = `emptied-${randomUUID().slice(0, 8)}`;
    accepted(await client.post("/api/v1/namespaces", { metadata: { name } }));
    const widgets = `/apis/${group}/v1/namespaces/${name}/widgets`;
    accepted(await client.post(widgets, widget("held", undefined, { finalizers: ["example.dev/hold"] })));
    accepted(await client.post(`/api/v1/namespaces/${name}/configmaps`, { metadata: { name: "loose" } }));
    accepted(await client.delete(`/api/v1/namespaces/${name}`));
    await vi.waitFor(async () =>
      expect((await client.get(`/api/v1/namespaces/${name}/configmaps/loose`)).status).toBe(404),
    );
    expect(accepted(await client.get(`${widgets}/held`)).metadata.deletionTimestamp).toBeDefined();
    expect((await client.get(`/api/v1/namespaces/${name}`)).status).toBe(200);
    accepted(await client.patch(`${widgets}/held`, { metadata: { finalizers: null } }));
    await vi.waitFor(async () => expect((await client.get(`/api/v1/namespaces/${name}`)).status).toBe(404));
  });

  promise("writes ConfigMaps without asking what they were", async (world) => {
    const { core } = paths(world);
    accepted(await world.client.post(`${core}/configmaps`, { metadata: { name: "config" }, data: { a: "1" } }));
    const put = await world.client.put(`${core}/configmaps/config`, { metadata: { name: "config" }, data: { b: "2" } });
    expect(accepted(put).data).toEqual({ b: "2" });
    const strategic = "application/strategic-merge-patch+json";
    const patched = await world.client.patch(`${core}/configmaps/config`, { data: { b: null, c: "3" } }, strategic);
    expect(accepted(patched).data).toEqual({ c: "3" });
    expect(
      (await world.client.post(`${core}/configmaps`, { metadata: { name: "typed" }, data: { a: 1 } })).status,
    ).toBe(400);
    const list = accepted(await world.client.get(`${core}/configmaps?fieldSelector=metadata.name%3Dconfig`));
    expect(list.kind).toBe("ConfigMapList");
    expect(list.items[0].kind).toBeUndefined();
  });

  promise("applies a ConfigMap on the server's side", async (world) => {
    const path = `${paths(world).core}/configmaps/applied`;
    const body = (value: string) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "applied" },
      data: { a: value },
    });
    expect((await world.client.patch(`${path}?fieldManager=one`, body("1"), apply)).status).toBe(201);
    expect((await world.client.patch(`${path}?fieldManager=two`, body("2"), apply)).status).toBe(409);
  });

  promise("holds leases to microseconds and to the last state read", async (world) => {
    const { leases } = paths(world);
    const spec = {
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: 0,
    };
    const lease = accepted(await world.client.post(leases, { metadata: { name: "leader" }, spec }));
    expect(lease.spec).toEqual(spec);
    for (const renewTime of ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z"]) {
      const answer = await world.client.put(`${leases}/leader`, { ...lease, spec: { ...spec, renewTime } });
      expect(answer).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
      expect(answer.body.message).toContain('as "2006-01-02T15:04:05.000000Z07:00": cannot parse');
    }
    const taken = await world.client.put(`${leases}/leader`, { ...lease, spec: { ...spec, holderIdentity: "you" } });
    expect(accepted(taken).spec.holderIdentity).toBe("you");
    expect((await world.client.put(`${leases}/leader`, { ...lease, spec })).status).toBe(409);
    expect((await world.client.put(`${leases}/leader`, { metadata: { name: "leader" }, spec })).status).toBe(422);
    const bad = { ...spec, leaseDurationSeconds: 0 };
    expect(await world.client.post(leases, { metadata: { name: "bad" }, spec: bad })).toMatchObject({
      status: 422,
      body: { details: { causes: [{ field: "spec.leaseDurationSeconds" }] } },
    });
  });

  promise("shows an event of events.k8s.io/v1 in core/v1 as well", async (world) => {
    const { core, events } = paths(world);
    accepted(await world.client.post(events, event(world, "seen")));
    expect(accepted(await world.client.get(`${core}/events/seen`))).toMatchObject({
      apiVersion: "v1",
      kind: "Event",
      involvedObject: { kind: "Widget", name: "seen", uid: "the-uid" },
      reason: "Created",
      message: "made it",
      type: "Normal",
      eventTime: time,
      reportingComponent: "example.dev/controller",
      reportingInstance: "controller-0",
      action: "Reconcile",
      firstTimestamp: null,
      lastTimestamp: null,
      source: {},
    });
    const selector = "involvedObject.name%3Dseen,involvedObject.uid%3Dthe-uid,involvedObject.kind%3DWidget";
    expect(accepted(await world.client.get(`${core}/events?fieldSelector=${selector}`)).items).toHaveLength(1);
    expect(accepted(await world.client.get(`${events}?fieldSelector=regarding.name%3Dseen`)).items).toHaveLength(1);
  });

  promise("shows an event of core/v1 in events.k8s.io/v1 as well", async (world) => {
    const { core, events } = paths(world);
    const body = {
      metadata: { name: "classic" },
      involvedObject: { kind: "Widget", namespace: world.namespace, name: "w" },
      reason: "Old",
      message: "as of old",
      type: "Warning",
      count: 4,
      firstTimestamp: "2026-01-02T03:04:05Z",
      lastTimestamp: "2026-01-02T03:05:05Z",
      source: { component: "kubelet" },
    };
    accepted(await world.client.post(`${core}/events`, body));
    expect(accepted(await world.client.get(`${events}/classic`))).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      regarding: { name: "w" },
      note: "as of old",
      deprecatedCount: 4,
      deprecatedFirstTimestamp: "2026-01-02T03:04:05Z",
      deprecatedSource: { component: "kubelet" },
      eventTime: null,
    });
  });

  promise("counts a series on an event and lets nothing else of it change", async (world) => {
    const { events } = paths(world);
    accepted(await world.client.post(events, event(world, "series")));
    const series = { count: 2, lastObservedTime: "2026-01-02T03:05:05.000006Z" };
    expect(accepted(await world.client.patch(`${events}/series`, { series })).series).toEqual(series);
    expect(await world.client.patch(`${events}/series`, { note: "changed" })).toMatchObject({ status: 422 });
  });

  const badEvents: readonly (readonly [what: string, more: Answered, field: string])[] = [
    ["without a time", { eventTime: null }, "eventTime"],
    ["without an action", { action: "" }, "action"],
    ["of an odd type", { type: "Odd" }, "type"],
    ["with a long note", { note: "x".repeat(1025) }, "message"],
    ["with a nameless reporter", { reportingController: "" }, "reportingController"],
    ["with a count of old", { deprecatedCount: 3 }, "count"],
    ["about an object without namespace", { regarding: { kind: "Widget", name: "w" } }, "involvedObject.namespace"],
  ];
  for (const [what, more, field] of badEvents) {
    promise(`refuses an event ${what}`, async (world) => {
      const answer = await world.client.post(paths(world).events, event(world, "bad", more));
      expect(answer.status).toBe(422);
      expect(answer.body.details.causes.map((cause: Answered) => cause.field)).toContain(field);
    });
  }

  promise(
    "serves a CRD soon after it is created and takes it away with all its objects",
    async ({ client, namespace }) => {
      const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const other = `g${randomUUID().slice(0, 8)}.example.dev`;
      const names = { plural: "gadgets", kind: "Gadget" };
      const name = `gadgets.${other}`;
      const body = { ...widgetDefinition, metadata: { name }, spec: { ...widgetDefinition.spec, group: other, names } };
      const created = accepted(await client.post(crds, body));
      expect(created.spec.names).toMatchObject({ singular: "gadget", listKind: "GadgetList" });
      expect(created.spec.conversion).toEqual({ strategy: "None" });
      expect(created.status.storedVersions).toEqual(["v1"]);
      await vi.waitFor(async () => {
        const { status } = accepted(await client.get(`${crds}/${name}`));
        const states = status.conditions.map(({ type, status }: Answered) => `${type}=${status}`);
        expect(states).toEqual(expect.arrayContaining(["NamesAccepted=True", "Established=True"]));
        expect(status.acceptedNames.plural).toBe("gadgets");
      }, 10_000);
      const gadgets = `/apis/${other}/v1/namespaces/${namespace}/gadgets`;
      const gadget = { apiVersion: `${other}/v1`, kind: "Gadget", metadata: { name: "g" }, spec: { color: "red" } };
      await vi.waitFor(async () => expect((await client.post(gadgets, gadget)).status).toBe(201), 10_000);
      accepted(await client.delete(`${crds}/${name}`));
      await vi.waitFor(async () => expect((await client.get(`${crds}/${name}`)).status).toBe(404), 10_000);
      await vi.waitFor(async () => expect((await client.get(gadgets)).status).toBe(404), 10_000);
    },
  );

  promise("serves each version of a CRD over the same objects, and warns of a deprecated one", async ({ client }) => {
    const other = `g${randomUUID().slice(0, 8)}.example.dev`;
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${other}`;
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const version = (name: string, more: Answered = {}) => ({ name, served: true, storage: false, schema, ...more });
    const spec = { group: other, scope: "Cluster", names: { plural: "things", kind: "Thing" } };
    const definition = { ...widgetDefinition, metadata: { name: `things.${other}` } };
    const old = version("v1beta1", { storage: true });
    accepted(
      await client.post(path.slice(0, path.lastIndexOf("/")), { ...definition, spec: { ...spec, versions: [old] } }),
    );
    const things = `/apis/${other}/v1beta1/things`;
    const thing = { apiVersion: `${other}/v1beta1`, kind: "Thing", metadata: { name: "t" }, note: "kept" };
    await vi.waitFor(async () => expect((await client.post(things, thing)).status).toBe(201), 10_000);

    const versions = [version("v1beta1", { deprecated: true }), version("v1", { storage: true })];
    const changed = accepted(await client.patch(path, { spec: { versions } }));
    expect(changed.status.storedVersions).toEqual(["v1beta1", "v1"]);
    await vi.waitFor(async () => expect((await client.get(`/apis/${other}/v1/things/t`)).status).toBe(200), 10_000);
    expect((await client.get(`/apis/${other}/v1/things/t`)).body).toMatchObject({
      apiVersion: `${other}/v1`,
      note: "kept",
    });
    const answer = await client.get(`${things}/t`);
    expect(answer.body.apiVersion).toBe(`${other}/v1beta1`);
    expect(answer.warning).toBe(`299 - "${other}/v1beta1 Thing is deprecated; use ${other}/v1 Thing"`);
    const group = accepted(await client.get(`/apis/${other}`));
    expect(group.preferredVersion.version).toBe("v1");

    expect((await client.patch(path, { spec: { scope: "Namespaced" } })).body.message).toContain(
      "spec.scope: Invalid value",
    );
    expect((await client.patch(path, { spec: { versions: [versions[1]] } })).body.message).toContain(
      "status.storedVersions[0]",
    );
    accepted(await client.delete(path));
  });

  promise("refuses a CRD with a rule that does not compile, naming the place", async ({ client }) => {
    const [version] = widgetDefinition.spec.versions;
    const ruled = {
      type: "object",
      properties: { a: { type: "string" } },
      "x-kubernetes-validations": [{ rule: "self.b == 'x'" }],
    };
    const schema = { openAPIV3Schema: { type: "object", properties: { spec: ruled } } };
    const spec = {
      ...widgetDefinition.spec,
      group: "bad.example.dev",
      versions: [{ ...version, schema, selectableFields: [] }],
    };
    const body = { ...widgetDefinition, metadata: { name: "widgets.bad.example.dev" }, spec };
    const answer = await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body);
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain("properties[spec].x-kubernetes-validations[0].rule: Invalid value");
  });
}
