import { expect, test } from "vitest";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import { crdOf, integer, refusals, text, versionOf } from "../fixtures.ts";

const fields = { a: text(), b: text(), c: integer() };

/** Every expected line was seen from kube-apiserver 1.36.2 for the same schema and value. */
const version = versionOf(
  crdOf({
    one: { type: "object", properties: fields, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    any: {
      type: "object",
      properties: fields,
      anyOf: [{ required: ["a"], properties: { c: { maximum: 3 } } }, { required: ["b"] }],
    },
    all: { type: "object", properties: fields, allOf: [{ required: ["a"] }, { required: ["b"] }] },
    none: { type: "object", properties: fields, not: { required: ["a", "b"] } },
    word: text({ allOf: [{ pattern: "^a" }, { maxLength: 2 }] }),
    percent: {
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: "^[0-9]+%$",
    },
  }),
);

test.each<[JsonObject, readonly string[]]>([
  [
    { one: {} },
    [
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
      "spec.one.a: Required value",
    ],
  ],
  [
    { one: { a: "x", b: "y" } },
    ['<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
  ],
  [
    { any: {} },
    ['<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)', "spec.any.a: Required value"],
  ],
  [
    { all: {} },
    [
      "spec.all.a: Required value",
      "spec.all.b: Required value",
      '<nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf). None validated',
    ],
  ],
  [
    { all: { a: "x" } },
    ["spec.all.b: Required value", '<nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf)'],
  ],
  [{ none: { a: "x", b: "y" } }, ['<nil>: Invalid value: "": "spec.none" must not validate the schema (not)']],
  [
    { word: "abb" },
    [
      "spec.word: Too long: may not be more than 2 bytes",
      '<nil>: Invalid value: "": "spec.word" must validate all the schemas (allOf)',
    ],
  ],
  [{ percent: "5" }, ["spec.percent: Invalid value: \"5\": spec.percent in body should match '^[0-9]+%$'"]],
])("answers %j as the API server does", (spec, expected) => {
  expect(refusals(version, spec)).toEqual(expected);
});

test("reports the alternative that came closest", () => {
  expect(refusals(version, { any: { c: 5 } })).toEqual([
    '<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)',
    "spec.any.c: Invalid value: 5: spec.any.c in body should be less than or equal to 3",
    "spec.any.a: Required value",
  ]);
});

test.each<JsonObject>([
  { one: { a: "x" } },
  { any: { b: "x", c: 9 } },
  { all: { a: "x", b: "y" } },
  { none: { a: "x" } },
  { percent: "5%" },
  { percent: 5 },
])("accepts %j", (spec) => {
  expect(refusals(version, spec)).toEqual([]);
});
