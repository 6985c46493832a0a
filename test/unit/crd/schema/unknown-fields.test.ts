import { expect, test } from "vitest";
import { crdOf, integer, refusals, text, versionOf, widget } from "../fixtures.ts";

const version = versionOf(
  crdOf({
    a: text(),
    obj: { type: "object", properties: { a: text() } },
    list: { type: "array", items: { type: "object", properties: { a: text() } } },
    map: { type: "object", additionalProperties: { type: "object", properties: { a: text() } } },
    open: { type: "object", additionalProperties: true },
    any: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { known: { type: "object", properties: { a: text() } } },
    },
    mode: text({ default: "Enforce" }),
    count: integer({ nullable: true, default: 3 }),
    nested: { type: "object", default: {}, properties: { depth: integer({ default: 5 }), other: text() } },
    items: { type: "array", items: { type: "object", properties: { kind: text({ default: "x" }) } } },
  }),
);

const sent = widget({
  a: "1",
  foo: 1,
  obj: { a: "1", bar: { x: 1 } },
  list: [{ a: "1" }, { a: "1", baz: 1 }],
  map: { k: { a: "1", q: 1 } },
  open: { scalar: 1, deep: { lost: 1 } },
  any: { free: { x: 1 }, known: { a: "1", z: 1 } },
});

test("names unknown fields by the paths that strict decoding uses", () => {
  expect(version.unknownFields({ ...sent, extra: 1 })).toEqual([
    "extra",
    "spec.any.known.z",
    "spec.foo",
    "spec.list[1].baz",
    "spec.map.k.q",
    "spec.obj.bar",
    "spec.open.deep.lost",
  ]);
});

test("drops exactly the unknown fields and leaves the sent object alone", () => {
  const before = structuredClone(sent);
  expect(version.prune(sent)["spec"]).toEqual({
    a: "1",
    obj: { a: "1" },
    list: [{ a: "1" }, { a: "1" }],
    map: { k: { a: "1" } },
    open: { scalar: 1, deep: {} },
    any: { free: { x: 1 }, known: { a: "1" } },
  });
  expect(sent).toEqual(before);
  expect(version.unknownFields(version.prune(sent))).toEqual([]);
});

test("keeps apiVersion, kind and all of metadata", () => {
  const object = widget({}, { labels: { a: "b" }, anything: 1 });
  expect(version.prune(object)).toEqual(object);
});

test("drops keys that would reach the prototype only when they are unknown", () => {
  const object = widget(JSON.parse('{"map": {"__proto__": {"a": "1"}}, "__proto__": {"polluted": true}}'));
  const spec = version.prune(object)["spec"];
  expect(JSON.stringify(spec)).toBe('{"map":{"__proto__":{"a":"1"}}}');
  expect(version.unknownFields(object)).toEqual(["spec.__proto__"]);
});

test("sets defaults where the field is missing, level by level", () => {
  expect(version.applyDefaults(widget({ items: [{}, { kind: "y" }] }))["spec"]).toEqual({
    items: [{ kind: "x" }, { kind: "y" }],
    mode: "Enforce",
    count: 3,
    nested: { depth: 5 },
  });
});

test("takes a null for a missing field unless the field is nullable", () => {
  expect(version.applyDefaults(widget({ a: null, mode: null, count: null, obj: { a: null } }))["spec"]).toEqual({
    mode: "Enforce",
    count: null,
    nested: { depth: 5 },
    obj: {},
  });
});

test("keeps a null in a list, where dropping it would move the others", () => {
  expect(refusals(version, { list: [null] })).toEqual([
    'spec.list[0]: Invalid value: "null": spec.list[0] in body must be of type object: "null"',
  ]);
});

test("does not share a default between objects", () => {
  const first = version.applyDefaults(widget({}));
  const second = version.applyDefaults(widget({}));
  expect(first["spec"]).toEqual(second["spec"]);
  expect(Reflect.get(first["spec"] as object, "nested")).not.toBe(Reflect.get(second["spec"] as object, "nested"));
});
