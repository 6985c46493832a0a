import { expect, test } from "vitest";
import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { JsonObject } from "../../../src/crd/contract.ts";
import { InvalidCrdError } from "../../../src/crd/field-cause.ts";
import { crdOf, crdWith, integer, lines, rules, text } from "./fixtures.ts";

const spec = "spec.validation.openAPIV3Schema.properties[spec]";
const a = `${spec}.properties[a]`;

function faults(crd: JsonObject): readonly string[] {
  try {
    compileCrd(crd);
    return [];
  } catch (error) {
    if (error instanceof InvalidCrdError) {
      return lines(error.causes);
    }
    throw error;
  }
}

function withA(schema: JsonObject): JsonObject {
  return crdOf({ a: schema });
}

function keyed(key: string, item: JsonObject): JsonObject {
  return { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key], items: item };
}

/** Every expected line was seen from kube-apiserver 1.36.2 for the same CRD. */
test.each<[string, JsonObject, readonly string[]]>([
  ["a field without a type", withA({}), [`${a}.type: Required value: must not be empty for specified object fields`]],
  [
    "items without a type",
    withA({ type: "array", items: {} }),
    [`${a}.items.type: Required value: must not be empty for specified array items`],
  ],
  ["a list without items", withA({ type: "array" }), [`${a}.items: Required value: must be specified`]],
  [
    "a root that is no object",
    crdWith({ type: "string" }),
    ['spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root'],
  ],
  [
    "a root without a type",
    crdWith({ properties: {} }),
    ["spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root"],
  ],
  [
    "a nullable root",
    crdWith({ type: "object", nullable: true }),
    ["spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root"],
  ],
  [
    "an unknown type",
    withA({ type: "foo" }),
    [
      `${a}.type: Unsupported value: "foo": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
  ],
  [
    "properties beside additionalProperties",
    withA({ type: "object", properties: { x: text() }, additionalProperties: text() }),
    [`${a}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  ],
  [
    "a type inside anyOf",
    withA(text({ anyOf: [{ type: "string" }] })),
    [`${a}.anyOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    "a description inside allOf",
    withA(text({ allOf: [{ description: "x" }] })),
    [`${a}.allOf[0].description: Forbidden: must be empty to be structural`],
  ],
  [
    "a keyed list without keys",
    withA({ ...keyed("n", { type: "object", properties: { n: text() } }), "x-kubernetes-list-map-keys": [] }),
    [`${a}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
  ],
  [
    "a key that may be absent",
    withA(keyed("n", { type: "object", properties: { n: text() } })),
    [
      `${a}.items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    "a key that is no field",
    withA(keyed("z", { type: "object", properties: { n: text() } })),
    [`${a}.x-kubernetes-list-map-keys: Invalid value: ["z"]: entries must all be names of item properties`],
  ],
  [
    "a set of mutable objects",
    withA({ type: "array", "x-kubernetes-list-type": "set", items: { type: "object", properties: { n: text() } } }),
    [
      `${a}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
  ],
  [
    "an unknown list type",
    withA({ type: "array", "x-kubernetes-list-type": "foo", items: text() }),
    [`${a}.x-kubernetes-list-type: Unsupported value: "foo": supported values: "atomic", "set", "map"`],
  ],
  [
    "unique items",
    withA({ type: "array", uniqueItems: true, items: text() }),
    [`${a}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`],
  ],
  [
    "a default of the wrong type",
    withA(integer({ default: "x" })),
    [`${a}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  ],
  [
    "a default outside the enum",
    withA(text({ default: "x", enum: ["y"] })),
    [`${a}.default: Unsupported value: "x": supported values: "y"`],
  ],
  [
    "a default with unknown fields",
    withA({ type: "object", default: { z: 1 }, properties: { x: integer() } }),
    [`${a}.default: Invalid value: {"z":1}: must not have unknown fields`],
  ],
  [
    "metadata with more than the name",
    crdWith({
      type: "object",
      properties: {
        metadata: { type: "object", properties: { labels: { type: "object", additionalProperties: text() } } },
      },
    }),
    [
      "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
    ],
  ],
])("refuses %s", (_, crd, expected) => {
  expect(faults(crd)).toEqual(expected);
});

function printed(rule: JsonObject): string {
  const full = {
    Rule: rule["rule"],
    Message: "",
    MessageExpression: rule["messageExpression"] ?? "",
    Reason: null,
    FieldPath: "",
    OptionalOldSelf: null,
  };
  return JSON.stringify(full).replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

test.each<[string, string, string]>([
  ["self.b == 1", "1:5", "undefined field 'b'"],
  ["self.a.c == 1", "1:7", "type 'string' does not support field selection"],
  ["foo == 1", "1:1", "undeclared reference to 'foo' (in container '')"],
  ["self.a == 1", "1:8", "found no matching overload for '_==_' applied to '(string, int)'"],
  ["self.a.foo()", "1:11", "undeclared reference to 'foo' (in container '')"],
  ["self.a.startsWith(1)", "1:18", "found no matching overload for 'startsWith' applied to 'string.(int)'"],
  ["self.a.matches('(')", "1:16", "invalid matches argument"],
  ["cel.bind(x, self.a, x == 'a')", "1:1", "undeclared reference to 'cel' (in container '')"],
])("refuses the rule %s", (rule, place, complaint) => {
  const found = faults(crdOf({ a: text({ maxLength: 5 }) }, rules(rule)));
  expect(found).toHaveLength(1);
  const [line = ""] = found;
  const start = `${spec}.x-kubernetes-validations[0].rule: Invalid value: ${printed({ rule })}: compilation failed: ERROR: <input>:${place}: `;
  expect(line.startsWith(start)).toBe(true);
  if (!rule.includes(".c ")) {
    const column = Number(place.slice(2)) - 1;
    expect(line).toBe(`${start}${complaint}\n | ${rule}\n | ${".".repeat(column)}^`);
  }
});

test.each<[string, JsonObject, readonly string[]]>([
  [
    "that gives no bool",
    { rule: "self.a" },
    [
      `${spec}.x-kubernetes-validations[0].rule: Invalid value: ${printed({ rule: "self.a" })}: cel expression must evaluate to a bool`,
    ],
  ],
  ["that is empty", { rule: " " }, [`${spec}.x-kubernetes-validations[0].rule: Required value: rule is not specified`]],
  [
    "with a message of two lines",
    { rule: "self.a == 'x'", message: "a\nb" },
    [`${spec}.x-kubernetes-validations[0].message: Invalid value: "a\\nb": must not contain line breaks`],
  ],
  [
    "with an unknown reason",
    { rule: "self.a == 'x'", reason: "Foo" },
    [
      `${spec}.x-kubernetes-validations[0].reason: Unsupported value: "Foo": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ],
  ],
  [
    "that points to no field",
    { rule: "self.a == 'x'", fieldPath: ".b" },
    [`${spec}.x-kubernetes-validations[0].fieldPath: Invalid value: ".b": must be a valid path`],
  ],
  [
    "that asks for an optional oldSelf in vain",
    { rule: "self.a == 'x'", optionalOldSelf: true },
    [
      `${spec}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ],
  [
    "with a message that is no text",
    { rule: "self.a == 'x'", messageExpression: "1" },
    [
      `${spec}.x-kubernetes-validations[0].messageExpression: Invalid value: ${printed({ rule: "self.a == 'x'", messageExpression: "1" })}: messageExpression must evaluate to a string`,
    ],
  ],
])("refuses a rule %s", (_, rule, expected) => {
  expect(faults(crdOf({ a: text({ maxLength: 5 }) }, rules(rule)))).toEqual(expected);
});

test("refuses oldSelf where items cannot be followed", () => {
  const crd = withA({ type: "array", maxItems: 3, items: text({ maxLength: 5, ...rules("self == oldSelf") }) });
  expect(faults(crd)).toEqual([
    `${a}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${a}`,
  ]);
});

test("hides from rules what has no known type", () => {
  const crd = crdOf({ a: { "x-kubernetes-preserve-unknown-fields": true } }, rules("has(self.a)"));
  expect(faults(crd)[0]).toContain("undefined field 'a'");
});

test("lists everything that is wrong, and where among several versions", () => {
  const crd = crdOf({ a: {}, b: { type: "array" } });
  const versions = (crd["spec"] as JsonObject)["versions"] as JsonObject[];
  versions.push({ name: "v2", served: true, storage: true, schema: { openAPIV3Schema: { type: "string" } } });
  expect(faults(crd).map((line) => line.replace(/: .*/, ""))).toEqual([
    "spec.versions",
    "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].type",
    "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[b].items",
    "spec.versions[1].schema.openAPIV3Schema.type",
  ]);
});

test("refuses names, columns and selectable fields that cannot work", () => {
  const crd = crdOf(
    { a: text(), o: { type: "object" } },
    {},
    {
      additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: "spec.a" }],
      selectableFields: [{ jsonPath: ".spec.a" }, { jsonPath: ".spec.o" }, { jsonPath: ".spec.none" }],
    },
  );
  const broken = { ...crd, metadata: { name: "other" } };
  expect(faults(broken)).toEqual([
    'metadata.name: Invalid value: "other": must be spec.names.plural+"."+spec.group',
    'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    'spec.versions[0].additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
    'spec.versions[0].selectableFields[1].jsonPath: Invalid value: ".spec.o": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    'spec.versions[0].selectableFields[2].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field',
  ]);
});

test("fills in what a CRD may leave out", () => {
  const compiled = compileCrd(crdOf({ a: text() }));
  expect(compiled).toMatchObject({ singular: "widget", listKind: "WidgetList", shortNames: [], categories: [] });
  expect(compiled.versions[0]?.printerColumns).toEqual([
    { name: "Age", type: "date", format: "", description: "", priority: 0, jsonPath: ".metadata.creationTimestamp" },
  ]);
});
