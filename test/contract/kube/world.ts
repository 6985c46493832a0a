import type { Answer, Answered, Client, KubeServerUnderTest } from "./client.ts";
import { apply, merge } from "./client.ts";

/** The group of the resource that the contract tries things on. */
export const group = "contract.example.dev";

/** What a test has at hand: a server, a namespace of its own and the paths in it. */
export interface World {
  readonly client: Client;
  readonly server: KubeServerUnderTest;
  readonly namespace: string;
  /** The collection of widgets in the namespace. */
  readonly widgets: string;
}

/** A custom resource with all that matters here: defaults, list types, CEL, status, columns, a selectable field. */
export const widgetDefinition: Answered = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: {
      plural: "widgets",
      singular: "widget",
      kind: "Widget",
      listKind: "WidgetList",
      shortNames: ["wd"],
      categories: ["toys"],
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: ".spec.color" }],
        additionalPrinterColumns: [
          { name: "Color", type: "string", jsonPath: ".spec.color" },
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: "Note", type: "string", priority: 1, jsonPath: ".status.note" },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: { openAPIV3Schema: widgetSchema() },
      },
    ],
  },
};

/** A widget to send. */
export function widget(name: string, spec: Answered = { color: "red" }, meta: Answered = {}): Answered {
  return { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name, ...meta }, spec };
}

/** Creates a widget and returns it as stored; a refusal fails the test with the server's words. */
export async function create(world: World, name: string, spec?: Answered, meta?: Answered): Promise<Answered> {
  return accepted(await world.client.post(world.widgets, widget(name, spec, meta)));
}

/** Reads a widget as stored. */
export async function read(world: World, name: string): Promise<Answered> {
  return accepted(await world.client.get(`${world.widgets}/${name}`));
}

/** Merge-patches a widget and returns it as stored. */
export async function change(world: World, name: string, patch: Answered): Promise<Answered> {
  return accepted(await world.client.patch(`${world.widgets}/${name}`, patch, merge));
}

/** Applies a widget on the server's side. */
export function applyAs(world: World, manager: string, name: string, spec: Answered, query = ""): Promise<Answer> {
  return world.client.patch(`${world.widgets}/${name}?fieldManager=${manager}${query}`, widget(name, spec), apply);
}

/** The body of an answer that must be a success. */
export function accepted(answer: Answer): Answered {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body?.message ?? answer.body}`);
  return answer.body;
}

function widgetSchema(): Answered {
  const text = { type: "string" };
  const condition = {
    type: "object",
    required: ["type", "status"],
    properties: {
      type: text,
      status: text,
      reason: text,
      message: text,
      lastTransitionTime: { type: "string", format: "date-time" },
    },
  };
  return {
    type: "object",
    required: ["spec"],
    properties: {
      spec: {
        type: "object",
        required: ["color"],
        properties: {
          color: {
            type: "string",
            minLength: 1,
            maxLength: 20,
            "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "color is immutable" }],
          },
          size: { type: "integer", default: 3, minimum: 0 },
          tags: { type: "object", additionalProperties: text },
          parts: {
            type: "array",
            items: { type: "object", required: ["name"], properties: { name: text, count: { type: "integer" } } },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
          },
        },
      },
      status: {
        type: "object",
        properties: {
          note: text,
          conditions: {
            type: "array",
            items: condition,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
          },
        },
      },
    },
  };
}
