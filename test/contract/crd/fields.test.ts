import { describe, expect, test } from "vitest";
import { API_GROUP, API_VERSION, KIND, PLURAL } from "../../../src/api/instance-profile.ts";
import { specField } from "../../../src/api/spec-fields.ts";
import { statusField } from "../../../src/api/status-fields.ts";
import { readShippedCrds } from "../../../src/cli/manifests/crd-file.ts";
import { type CrdNode, shapeOf } from "./crd-shape.ts";
import { CRD_FILE, documents } from "./samples.ts";

interface CrdVersion {
  readonly name: string;
  readonly schema: {
    readonly openAPIV3Schema: { readonly properties: { readonly spec: CrdNode; readonly status: CrdNode } };
  };
}

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly [CrdVersion];
  };
}

const [crd] = documents(CRD_FILE);

/** A copy that a test may change. */
function readCrd(): Crd {
  return structuredClone(crd) as unknown as Crd;
}

function schemas(): { readonly spec: CrdNode; readonly status: CrdNode } {
  return readCrd().spec.versions[0].schema.openAPIV3Schema.properties;
}

/** The node at a path of keys, to be changed in place. */
function at(root: unknown, ...path: readonly string[]): Record<string, unknown> {
  return path.reduce<Record<string, unknown>>(
    (node, key) => node[key] as Record<string, unknown>,
    root as Record<string, unknown>,
  );
}

/** The paths of the defaults at any depth of list items. */
function defaultsInLists(node: unknown, path: readonly string[] = []): readonly string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const here = [...path, key];
    const isDefault = key === "default" && path.includes("items") && path.at(-1) !== "properties";
    return isDefault ? [here.join(".")] : defaultsInLists(value, here);
  });
}

// The compiler compares the other half: each field of src/api/*-fields.ts is an `object<T>` over exactly the keys of its
// type in instance-profile.ts, optional where the type is.
describe("the CRD and src/api", () => {
  test("have the same spec fields, bounds, defaults and messages", () => {
    expect(shapeOf(schemas().spec)).toEqual(specField.schema);
  });

  test("have the same status fields and bounds", () => {
    expect(shapeOf(schemas().status)).toEqual(statusField.schema);
  });

  test("have no defaults inside lists, which would make `kubectl apply` and Argo CD find a difference each time", () => {
    const crds = readShippedCrds().map((one) => JSON.stringify(one));
    expect(crds).toHaveLength(2);
    expect(crds.flatMap((one) => defaultsInLists(JSON.parse(one)))).toEqual([]);
    expect(defaultsInLists({ items: { properties: { actions: { default: [] } } } })).toEqual([
      "items.properties.actions.default",
    ]);
  });

  test("have the same group, version, kind and plural", () => {
    const { metadata, spec } = readCrd();
    expect(spec).toMatchObject({ group: API_GROUP, names: { kind: KIND, plural: PLURAL } });
    expect(`${spec.group}/${spec.versions[0].name}`).toBe(API_VERSION);
    expect(metadata.name).toBe(`${PLURAL}.${API_GROUP}`);
  });
});

describe("a difference is found when", () => {
  const specDifferences: Readonly<Record<string, (spec: CrdNode) => void>> = {
    "the CRD has a field more": (spec) => {
      at(spec, "properties")["extra"] = { type: "string" };
    },
    "the CRD has a nested field more": (spec) => {
      at(spec, "properties", "statements", "items", "properties")["extra"] = { type: "string" };
    },
    "the CRD lacks a field": (spec) => {
      delete at(spec, "properties")["suspend"];
    },
    "the CRD lacks a nested field": (spec) => {
      delete at(spec, "properties", "trust", "properties", "statements", "items", "properties")["conditions"];
    },
    "a default differs": (spec) => {
      at(spec, "properties", "path")["default"] = "/other/";
    },
    "a bound differs": (spec) => {
      at(spec, "properties", "roleName")["maxLength"] = 63;
    },
    "a message differs": (spec) => {
      at(spec, "properties", "roleName", "x-kubernetes-validations", "0")["message"] = "no";
    },
    "a rule is gone": (spec) => {
      at(spec, "properties", "instances")["x-kubernetes-validations"] = [];
    },
    "a field is no longer needed": (spec) => {
      at(spec)["required"] = [];
    },
    "an enum has a word more": (spec) => {
      at(spec, "properties", "mode")["enum"] = ["Enforce", "DryRun", "Observe"];
    },
  };

  test.each(Object.entries(specDifferences))("%s", (_, plant) => {
    const { spec } = schemas();
    plant(spec);
    expect(shapeOf(spec)).not.toEqual(specField.schema);
  });

  test("the status has a field more", () => {
    const { status } = schemas();
    at(status, "properties")["phase"] = { type: "string" };
    expect(shapeOf(status)).not.toEqual(statusField.schema);
  });

  test("the CRD uses a keyword that the parser knows nothing of", () => {
    const { spec } = schemas();
    at(spec, "properties", "roleName")["nullable"] = true;
    expect(() => shapeOf(spec)).toThrow("nullable");
  });
});

describe("every field of the CRD", () => {
  test("has a description, for kubectl explain", () => {
    expect(nodesWithout("description", readCrd().spec.versions[0].schema.openAPIV3Schema as CrdNode, "")).toEqual([
      ".metadata",
    ]);
  });

  test("is bounded, so that the cost of CEL is too", () => {
    const { spec, status } = schemas();
    expect([...unbounded(spec, ".spec"), ...unbounded(status, ".status")]).toEqual([]);
  });
});

function children(node: CrdNode, path: string): readonly (readonly [string, CrdNode])[] {
  const properties = Object.entries((node["properties"] ?? {}) as Record<string, CrdNode>);
  const inner = ["items", "additionalProperties"].flatMap((key) =>
    node[key] === undefined ? [] : [[`${path}.${key}`, node[key] as CrdNode] as const],
  );
  return [...properties.map(([name, child]) => [`${path}.${name}`, child] as const), ...inner];
}

function nodesWithout(keyword: string, node: CrdNode, path: string): readonly string[] {
  const below = children(node, path).flatMap(([childPath, child]) => nodesWithout(keyword, child, childPath));
  return node[keyword] === undefined ? [path, ...below] : below;
}

function unbounded(node: CrdNode, path: string): readonly string[] {
  const below = children(node, path).flatMap(([childPath, child]) => unbounded(child, childPath));
  const isOpen =
    (node["type"] === "array" && node["maxItems"] === undefined) ||
    (node["additionalProperties"] !== undefined && node["maxProperties"] === undefined) ||
    (node["type"] === "string" && ["maxLength", "enum", "format"].every((key) => node[key] === undefined));
  return isOpen ? [path, ...below] : below;
}
