import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../../../../src/crd/contract.ts";
import { isObject } from "../../../../../src/crd/json.ts";
import { builtInEndpoints } from "../../../../../src/sandbox/kube/built-in-endpoints.ts";
import { customEndpoints } from "../../../../../src/sandbox/kube/custom-endpoints.ts";
import type { Endpoint } from "../../../../../src/sandbox/kube/endpoint.ts";
import { openApi, openApiIndex } from "../../../../../src/sandbox/kube/open-api/documents.ts";
import { definition, kind } from "../apply/ownership-fixtures.ts";

const endpoints: readonly Endpoint[] = [...builtInEndpoints(), ...customEndpoints(definition)];

function at(document: Json, ...path: readonly string[]): Json {
  return path.reduce<Json>((value, key) => {
    const below = isObject(value) ? value[key] : undefined;
    if (below === undefined) {
      throw new Error(`no ${key} in ${JSON.stringify(value).slice(0, 200)}`);
    }
    return below;
  }, document);
}

/** Every `$ref` in a document. */
function refs(value: Json): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap(refs);
  }
  if (!isObject(value)) {
    return [];
  }
  const own = typeof value["$ref"] === "string" ? [value["$ref"]] : [];
  return [...own, ...Object.values(value).flatMap(refs)];
}

function parameterNames(operation: Json): readonly string[] {
  return (at(operation, "parameters") as JsonObject[]).map((parameter) => String(parameter["name"]));
}

test("indexes a document for every group and version, with an address that changes with it", () => {
  const index = openApiIndex(endpoints);
  expect(Object.keys(at(index, "paths") as JsonObject).sort()).toEqual([
    "api/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/coordination.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/test.example.com/v1",
  ]);
  const address = at(index, "paths", "apis/test.example.com/v1", "serverRelativeURL");
  expect(address).toMatch(/^\/openapi\/v3\/apis\/test\.example\.com\/v1\?hash=[0-9A-F]{32}$/);
  const changed = openApiIndex(
    endpoints.map((endpoint) => ({ ...endpoint, schema: { ...endpoint.schema, description: "Changed." } })),
  );
  expect(at(changed, "paths", "apis/test.example.com/v1", "serverRelativeURL")).not.toBe(address);
});

test("offers on PATCH the parameters that kubectl looks for before it uses them", () => {
  const document = openApi("test.example.com", "v1", endpoints);
  const patch = at(document, "paths", "/apis/test.example.com/v1/namespaces/{namespace}/widgets/{name}", "patch");
  expect(parameterNames(patch)).toEqual(["dryRun", "fieldManager", "fieldValidation", "force"]);
  expect(at(patch, "x-kubernetes-group-version-kind")).toEqual({
    group: "test.example.com",
    kind: "Widget",
    version: "v1",
  });
  expect(Object.keys(at(patch, "requestBody", "content") as JsonObject)).toEqual([
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
  ]);
});

test("offers strategic merge patches of built-in kinds alone", () => {
  const patch = at(
    openApi("", "v1", endpoints),
    "paths",
    "/api/v1/namespaces/{name}",
    "patch",
    "requestBody",
    "content",
  );
  expect(Object.keys(patch as JsonObject)).toContain("application/strategic-merge-patch+json");
});

test("describes a custom kind with its own schema and the metadata of all", () => {
  const document = openApi("test.example.com", "v1", endpoints);
  const schema = at(document, "components", "schemas", "com.example.test.v1.Widget");
  expect(at(schema, "x-kubernetes-group-version-kind")).toEqual([
    { group: "test.example.com", kind: "Widget", version: "v1" },
  ]);
  expect(at(schema, "properties", "spec")).toEqual(at(kind.schema, "properties", "spec"));
  expect(at(schema, "properties", "metadata", "allOf")).toEqual([
    { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
  ]);
  const list = at(document, "components", "schemas", "com.example.test.v1.WidgetList");
  expect(at(list, "properties", "items", "items")).toEqual({ $ref: "#/components/schemas/com.example.test.v1.Widget" });
});

test.each(endpoints.map((each) => [`${each.group}/${each.version}`, each] as const))(
  "refers only to schemas of the document in %s",
  (_, each) => {
    const document = openApi(each.group, each.version, endpoints);
    const known = Object.keys(at(document, "components", "schemas") as JsonObject).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect(refs(document).filter((reference) => !known.includes(reference))).toEqual([]);
  },
);

test("describes every field of every built-in kind", () => {
  const bare = (schema: Json, path: string): readonly string[] => {
    const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {};
    const items = isObject(schema) && schema["items"] !== undefined ? bare(schema["items"], `${path}[]`) : [];
    return [
      ...Object.entries(properties).flatMap(([name, property]) => {
        const described = isObject(property) && typeof property["description"] === "string";
        return [...(described ? [] : [`${path}.${name}`]), ...bare(property, `${path}.${name}`)];
      }),
      ...items,
    ];
  };
  expect(builtInEndpoints().flatMap((each) => bare(each.schema, each.kind))).toEqual([]);
});
