import { expect, test } from "vitest";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import { invalidMessage } from "../../../../src/crd/field-cause.ts";
import { crdOf, integer, refusals, text, versionOf, widget } from "../fixtures.ts";

/** Every expected line was seen from kube-apiserver 1.36.2 for the same schema and value. */
const version = versionOf(
  crdOf(
    {
      req: text(),
      max: text({ maxLength: 3 }),
      one: text({ maxLength: 1 }),
      min: text({ minLength: 2, pattern: "^a+$" }),
      mode: text({ enum: ["Enforce", "DryRun"] }),
      level: integer({ enum: [1, 2] }),
      i: integer({ minimum: 3, maximum: 7 }),
      open: integer({ minimum: 3, exclusiveMinimum: true, maximum: 7, exclusiveMaximum: true }),
      five: integer({ multipleOf: 5 }),
      small: integer({ format: "int32" }),
      flag: { type: "boolean" },
      at: text({ format: "date-time" }),
      wait: text({ format: "duration" }),
      net: text({ format: "cidr" }),
      anything: text({ format: "no-such-format" }),
      list: { type: "array", minItems: 1, maxItems: 2, items: text({ maxLength: 2 }) },
      single: { type: "array", maxItems: 1, items: integer() },
      set: { type: "array", "x-kubernetes-list-type": "set", items: text() },
      ports: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name", "protocol"],
        items: {
          type: "object",
          required: ["name"],
          properties: { name: text(), protocol: text({ default: "TCP" }) },
        },
      },
      map: { type: "object", minProperties: 1, maxProperties: 2, additionalProperties: text({ pattern: "^x" }) },
      closed: { type: "object", additionalProperties: false },
      obj: { type: "object", required: ["a", "b"], properties: { a: text(), b: integer() } },
      nullable: text({ nullable: true }),
      either: { "x-kubernetes-int-or-string": true },
    },
    { required: ["req"] },
  ),
);

test.each<[JsonObject, readonly string[]]>([
  [{}, ["spec.req: Required value"]],
  [{ req: 1 }, ['spec.req: Invalid value: "integer": spec.req in body must be of type string: "integer"']],
  [{ req: "a", max: "abcd" }, ["spec.max: Too long: may not be more than 3 bytes"]],
  [{ req: "a", one: "ab" }, ["spec.one: Too long: may not be more than 1 byte"]],
  [{ req: "a", min: "b" }, ['spec.min: Invalid value: "b": spec.min in body should be at least 2 chars long']],
  [{ req: "a", min: "bb" }, ["spec.min: Invalid value: \"bb\": spec.min in body should match '^a+$'"]],
  [{ req: "a", mode: "X" }, ['spec.mode: Unsupported value: "X": supported values: "Enforce", "DryRun"']],
  [{ req: "a", level: 3 }, ['spec.level: Unsupported value: 3: supported values: "1", "2"']],
  [{ req: "a", i: 1 }, ["spec.i: Invalid value: 1: spec.i in body should be greater than or equal to 3"]],
  [{ req: "a", i: 9 }, ["spec.i: Invalid value: 9: spec.i in body should be less than or equal to 7"]],
  [{ req: "a", open: 3 }, ["spec.open: Invalid value: 3: spec.open in body should be greater than 3"]],
  [{ req: "a", open: 7 }, ["spec.open: Invalid value: 7: spec.open in body should be less than 7"]],
  [{ req: "a", five: 7 }, ["spec.five: Invalid value: 7: spec.five in body should be a multiple of 5"]],
  [
    { req: "a", i: 4.5 },
    [
      'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.i',
    ],
  ],
  [
    { req: "a", small: 3_000_000_000 },
    ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.small'],
  ],
  [
    { req: "a", flag: "true" },
    ['spec.flag: Invalid value: "string": spec.flag in body must be of type boolean: "string"'],
  ],
  [
    { req: "a", at: "2020-01-01" },
    ['spec.at: Invalid value: "2020-01-01": spec.at in body must be of type date-time: "2020-01-01"'],
  ],
  [{ req: "a", at: 5 }, ['spec.at: Invalid value: "int64": spec.at in body must be of type date-time: "int64"']],
  [
    { req: "a", wait: "soon" },
    ['spec.wait: Invalid value: "soon": spec.wait in body must be of type duration: "soon"'],
  ],
  [
    { req: "a", net: "10.0.0.0/33" },
    ['spec.net: Invalid value: "10.0.0.0/33": spec.net in body must be of type cidr: "10.0.0.0/33"'],
  ],
  [{ req: "a", list: [] }, ["spec.list: Invalid value: 0: spec.list in body should have at least 1 items"]],
  [{ req: "a", list: ["a", "b", "c"] }, ["spec.list: Too many: 3: must have at most 2 items"]],
  [{ req: "a", single: [1, 2] }, ["spec.single: Too many: 2: must have at most 1 item"]],
  [
    { req: "a", list: ["abc", 1] },
    [
      "spec.list[0]: Too long: may not be more than 2 bytes",
      'spec.list[1]: Invalid value: "integer": spec.list[1] in body must be of type string: "integer"',
    ],
  ],
  [{ req: "a", list: "x" }, ['spec.list: Invalid value: "string": spec.list in body must be of type array: "string"']],
  [{ req: "a", set: ["a", "b", "a", "a"] }, ['spec.set[2]: Duplicate value: "a"']],
  [
    { req: "a", ports: [{ name: "p" }, { name: "p", protocol: "TCP" }, { name: "p", protocol: "UDP" }] },
    ['spec.ports[1]: Duplicate value: {"name":"p","protocol":"TCP"}'],
  ],
  [{ req: "a", map: {} }, ["spec.map: Invalid value: 0: spec.map in body should have at least 1 properties"]],
  [{ req: "a", map: { a: "x", b: "x", c: "x" } }, ["spec.map: Too many: 3: must have at most 2 items"]],
  [
    { req: "a", map: { "d.e/f": "q" } },
    ["spec.map.d.e/f: Invalid value: \"q\": spec.map.d.e/f in body should match '^x'"],
  ],
  [{ req: "a", closed: { k: 1 } }, ['spec.closed: Invalid value: "k": spec.closed.k in body is a forbidden property']],
  [{ req: "a", obj: {} }, ["spec.obj.a: Required value", "spec.obj.b: Required value"]],
  [
    { req: "a", either: 1.5 },
    ['spec.either: Invalid value: "number": spec.either in body must be of type integer,string: "number"'],
  ],
  [
    { req: "a", mode: 'q"\\\u0001<é' },
    ['spec.mode: Unsupported value: "q\\"\\\\\\x01<é": supported values: "Enforce", "DryRun"'],
  ],
])("answers %j as the API server does", (spec, expected) => {
  expect(refusals(version, spec)).toEqual(expected);
});

test.each<JsonObject>([
  { req: "a", max: "é😀a" },
  { req: "a", i: 3 },
  { req: "a", wait: "1h30m" },
  { req: "a", wait: "2 days" },
  { req: "a", net: "fd00::/8" },
  { req: "a", anything: "goes" },
  { req: "a", either: 5 },
  { req: "a", either: "5" },
  { req: "a", nullable: null },
  { req: "a", at: "2020-01-01T00:00:00+02:00" },
])("accepts %j", (spec) => {
  expect(refusals(version, spec)).toEqual([]);
});

test("puts all causes into the message of the answer", () => {
  const causes = version.validate(widget({ mode: "X" }));
  const subject = { group: "test.example.com", kind: "Widget", name: "w" };
  expect(invalidMessage(subject, causes)).toBe(
    'Widget.test.example.com "w" is invalid: [spec.mode: Unsupported value: "X": supported values: "Enforce", "DryRun", spec.req: Required value]',
  );
  expect(invalidMessage({ ...subject, group: "" }, causes.slice(0, 1))).toBe(
    'Widget "w" is invalid: spec.mode: Unsupported value: "X": supported values: "Enforce", "DryRun"',
  );
});

test("gives every cause its reason", () => {
  const causes = version.validate(
    widget({ max: "abcd", mode: "X", list: ["a", "b", "c"], flag: 1, i: 1, set: ["a", "a"] }),
  );
  expect(Object.fromEntries(causes.map((cause) => [cause.field, cause.reason]))).toEqual({
    "spec.req": "FieldValueRequired",
    "spec.max": "FieldValueTooLong",
    "spec.mode": "FieldValueNotSupported",
    "spec.list": "FieldValueTooMany",
    "spec.flag": "FieldValueTypeInvalid",
    "spec.i": "FieldValueInvalid",
    "spec.set[1]": "FieldValueDuplicate",
  });
});

test("keeps different patterns apart", () => {
  const two = versionOf(crdOf({ digits: text({ pattern: "^[0-9]+$" }), letters: text({ pattern: "^[a-z]+$" }) }));
  expect(refusals(two, { digits: "1", letters: "a" })).toEqual([]);
  expect(refusals(two, { digits: "a", letters: "1" })).toHaveLength(2);
});

test("reads patterns as RE2", () => {
  const one = versionOf(crdOf({ word: text({ pattern: "(?i)^[[:alpha:]]+\\z" }) }));
  expect(refusals(one, { word: "ABC" })).toEqual([]);
  expect(refusals(one, { word: "AB1" })).toHaveLength(1);
});
