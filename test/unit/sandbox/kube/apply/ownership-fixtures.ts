import { compileCrd } from "../../../../../src/crd/compile-crd.ts";
import type { CompiledCrd, JsonObject } from "../../../../../src/crd/contract.ts";
import type { ApplyOutcome } from "../../../../../src/sandbox/kube/apply/server-side-apply.ts";
import { serverSideApply } from "../../../../../src/sandbox/kube/apply/server-side-apply.ts";
import { trackUpdate } from "../../../../../src/sandbox/kube/apply/track-update.ts";
import { type ServedKind, servedKinds } from "../../../../../src/sandbox/kube/served-kinds.ts";
import { crdWith, integer, text } from "../../../crd/fixtures.ts";

const schema: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: text(),
        b: integer(),
        set: { type: "array", "x-kubernetes-list-type": "set", items: text() },
        atomic: { type: "array", items: text() },
        keyed: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["n"],
          items: { type: "object", required: ["n"], properties: { n: text(), v: integer() } },
        },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
          items: {
            type: "object",
            required: ["port"],
            properties: { port: integer(), protocol: text({ default: "TCP" }), v: integer() },
          },
        },
        map: { type: "object", additionalProperties: text() },
        whole: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: text() },
        obj: {
          type: "object",
          properties: { p: text(), q: { type: "object", properties: { r: integer(), s: integer() } } },
        },
        any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: {
      type: "object",
      properties: {
        x: text(),
        conditions: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: { type: "object", required: ["type"], properties: { type: text(), status: text() } },
        },
      },
    },
  },
};

export const definition: CompiledCrd = compileCrd(crdWith(schema, { subresources: { status: {} } }));

function widgetKind(): ServedKind {
  const [kind] = servedKinds(definition);
  if (kind === undefined) {
    throw new Error("the CRD of the test serves no version");
  }
  return kind;
}

export const kind: ServedKind = widgetKind();
export const now = "2026-01-01T00:00:00Z";

export interface Sent {
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  readonly metadata?: JsonObject;
  readonly force?: boolean;
  readonly subresource?: string;
  readonly now?: string;
}

function body(sent: Sent): JsonObject {
  return {
    apiVersion: "test.example.com/v1",
    kind: "Widget",
    metadata: { name: "w", ...sent.metadata },
    ...(sent.spec === undefined ? {} : { spec: sent.spec }),
    ...(sent.status === undefined ? {} : { status: sent.status }),
  };
}

export function apply(live: JsonObject | undefined, manager: string, sent: Sent): ApplyOutcome {
  return serverSideApply({
    ...(live === undefined ? {} : { live }),
    applied: body(sent),
    manager,
    force: sent.force === true,
    subresource: sent.subresource ?? "",
    version: kind,
    now: sent.now ?? now,
  });
}

export function applied(live: JsonObject | undefined, manager: string, sent: Sent): JsonObject {
  const outcome = apply(live, manager, sent);
  if (outcome.kind === "conflict") {
    throw new Error(outcome.message);
  }
  return outcome.object;
}

export function created(manager: string, sent: Sent): JsonObject {
  return trackUpdate({ updated: body(sent), manager, subresource: "", version: kind, now: sent.now ?? now });
}

/** Replaces parts of the live object, as PUT and PATCH end up doing. */
export function updated(live: JsonObject, manager: string, sent: Sent): JsonObject {
  const { metadata, force: _, subresource = "", now: time = now, ...parts } = sent;
  const next = { ...live, ...parts, metadata: { ...(live["metadata"] as JsonObject), ...metadata } };
  return trackUpdate({ live, updated: next, manager, subresource, version: kind, now: time });
}

/** Who owns what: the fieldsV1 documents by manager, operation and subresource. */
export function owners(object: JsonObject): Readonly<Record<string, unknown>> {
  const entries = ((object["metadata"] as JsonObject)["managedFields"] ?? []) as JsonObject[];
  return Object.fromEntries(
    entries.map((entry) => {
      const subresource = entry["subresource"] === undefined ? "" : `/${entry["subresource"]}`;
      return [`${entry["manager"]} ${entry["operation"]}${subresource}`, entry["fieldsV1"]];
    }),
  );
}
