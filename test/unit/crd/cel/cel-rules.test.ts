import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import {
  changeRefusals,
  crdOf,
  crdWith,
  integer,
  lines,
  refusals,
  rules,
  text,
  versionOf,
  widget,
} from "../fixtures.ts";

const short = (more: JsonObject = {}): JsonObject => text({ maxLength: 50, ...more });
const list = (items: JsonObject, more: JsonObject = {}): JsonObject => ({ type: "array", maxItems: 5, items, ...more });
const map = (values: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "object",
  maxProperties: 5,
  additionalProperties: values,
  ...more,
});

/** Every expected line was seen from kube-apiserver 1.36.2 for the same schema and value. */
const version = versionOf(
  crdOf(
    {
      plain: short(rules("self.startsWith('a')")),
      words: short(rules({ rule: "self != 'bad'", message: "  say something good " })),
      built: short(rules({ rule: "self.startsWith('a')", messageExpression: "'got ' + self + ', want a*'" })),
      broken: short(rules({ rule: "self == ''", messageExpression: "'a\\nb'", message: "fallback" })),
      forbidden: short(rules({ rule: "self == ''", message: "not here", reason: "FieldValueForbidden" })),
      needed: short(rules({ rule: "self != ''", message: "say something", reason: "FieldValueRequired" })),
      double: short(rules({ rule: "self != 'd'", reason: "FieldValueDuplicate" })),
      pointed: {
        type: "object",
        properties: { q: map(short()) },
        ...rules({ rule: "!has(self.q)", fieldPath: ".q['z']", message: "no q" }),
      },
      divides: integer(rules({ rule: "10 / self > 1", message: "must divide ten" })),
      either: { "x-kubernetes-int-or-string": true, ...rules("self > 3") },
      keyed: map(short(), rules("self['x'] == 'y'")),
      third: list(integer(), rules("self[2] > 1")),
      items: list(
        {
          type: "object",
          properties: { a: short(rules("self != 'x'")), b: integer() },
          ...rules("!has(self.b) || self.b > 0"),
        },
        rules({ rule: "self.all(e, has(e.a))", message: "each needs a" }),
      ),
      tree: map(map(list(short(rules("self != 'q'"))))),
      nothing: short({ nullable: true, ...rules("self != 'n'") }),
      word: short({ pattern: "^z", ...rules("self.size() > 3") }),
      must: { type: "object", required: ["k"], properties: { k: short() }, ...rules("self.k != ''") },
      "a-b": short(),
      namespace: short(),
      "x.y": short(),
    },
    rules(
      "!has(self.a__dash__b) || self.a__dash__b != 'no'",
      "!has(self.__namespace__) || self.__namespace__ != 'no'",
      "!has(self.x__dot__y) || self.x__dot__y != 'no'",
    ),
  ),
);

test.each<[JsonObject, readonly string[]]>([
  [{ plain: "b" }, ["spec.plain: Invalid value: \"b\": failed rule: self.startsWith('a')"]],
  [{ words: "bad" }, ['spec.words: Invalid value: "bad": say something good']],
  [{ built: "b" }, ['spec.built: Invalid value: "b": got b, want a*']],
  [{ broken: "b" }, ['spec.broken: Invalid value: "b": fallback']],
  [{ forbidden: "b" }, ["spec.forbidden: Forbidden: not here"]],
  [{ needed: "" }, ["spec.needed: Required value: say something"]],
  [{ double: "d" }, ['spec.double: Duplicate value: "d"']],
  [{ pointed: { q: {} } }, ["spec.pointed.q[z]: Invalid value: no q"]],
  [{ divides: 20 }, ["spec.divides: Invalid value: 20: must divide ten"]],
  [{ divides: 0 }, ['spec.divides: Invalid value: "integer": division by zero evaluating rule: must divide ten']],
  [{ keyed: {} }, ["spec.keyed: Invalid value: \"object\": no such key: x evaluating rule: self['x'] == 'y'"]],
  [{ keyed: { x: "z" } }, ["spec.keyed: Invalid value: failed rule: self['x'] == 'y'"]],
  [{ third: [1] }, ['spec.third: Invalid value: "array": index out of bounds: 2 evaluating rule: self[2] > 1']],
  [
    { either: "x" },
    [
      "spec.either: Invalid value: \"\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self > 3",
    ],
  ],
  [
    { items: [{ a: "x", b: 0 }, { b: 1 }] },
    [
      "spec.items: Invalid value: each needs a",
      "spec.items[0]: Invalid value: failed rule: !has(self.b) || self.b > 0",
      "spec.items[0].a: Invalid value: \"x\": failed rule: self != 'x'",
    ],
  ],
  [{ tree: { a: { b: ["r", "q"] } } }, ["spec.tree[a][b][1]: Invalid value: \"q\": failed rule: self != 'q'"]],
  [{ "a-b": "no" }, ["spec: Invalid value: failed rule: !has(self.a__dash__b) || self.a__dash__b != 'no'"]],
  [{ namespace: "no" }, ["spec: Invalid value: failed rule: !has(self.__namespace__) || self.__namespace__ != 'no'"]],
  [{ "x.y": "no" }, ["spec: Invalid value: failed rule: !has(self.x__dot__y) || self.x__dot__y != 'no'"]],
])("answers %j as the API server does", (spec, expected) => {
  expect(refusals(version, spec)).toEqual(expected);
});

test("does not run the rule of an absent or null field", () => {
  expect(refusals(version, { nothing: null })).toEqual([]);
  expect(refusals(version, {})).toEqual([]);
});

test("runs the rules beside a value that only breaks its pattern", () => {
  expect(refusals(version, { word: "y" })).toEqual([
    "spec.word: Invalid value: \"y\": spec.word in body should match '^z'",
    'spec.word: Invalid value: "y": failed rule: self.size() > 3',
  ]);
});

test("runs no rule at all while the object breaks what the rules rely on", () => {
  expect(refusals(version, { must: {}, plain: "b" })).toEqual([
    "spec.must.k: Required value",
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  ]);
});

test("shows the root's rules the name and the kind, and nothing else of metadata", () => {
  const root = versionOf(
    crdWith({
      type: "object",
      ...rules("self.metadata.name != 'bad' && self.kind == 'Widget'"),
      properties: { spec: { type: "object" } },
    }),
  );
  expect(lines(root.validate(widget({}, { name: "bad" })))).toEqual([
    "<nil>: Invalid value: failed rule: self.metadata.name != 'bad' && self.kind == 'Widget'",
  ]);
  expect(root.validate(widget({}, { name: "good" }))).toEqual([]);
});

describe("transition rules", () => {
  const moving = versionOf(
    crdOf(
      {
        role: short(rules({ rule: "self == oldSelf", message: "role is immutable" })),
        once: short(
          rules({
            rule: "!oldSelf.hasValue() || oldSelf.value() == self",
            optionalOldSelf: true,
            message: "once is final",
          }),
        ),
        born: short(
          rules({ rule: "oldSelf.hasValue() || self == 'new'", optionalOldSelf: true, message: "begin with new" }),
        ),
        keyed: list(
          {
            type: "object",
            required: ["n"],
            properties: { n: short(), v: integer(rules({ rule: "self >= oldSelf", message: "only up" })) },
          },
          { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"] },
        ),
        set: list(short(), {
          "x-kubernetes-list-type": "set",
          ...rules({ rule: "self == oldSelf", message: "same set" }),
        }),
      },
      rules({ rule: "has(self.role) == has(oldSelf.role)", message: "role cannot come or go" }),
    ),
  );

  test("are not run on create", () => {
    expect(refusals(moving, { role: "a", once: "b", set: ["x"] })).toEqual([]);
  });

  test("see the value before", () => {
    expect(changeRefusals(moving, { role: "a" }, { role: "a" })).toEqual([]);
    expect(changeRefusals(moving, { role: "a" }, { role: "b" })).toEqual([
      'spec.role: Invalid value: "b": role is immutable',
    ]);
  });

  test("at the parent see a field come or go", () => {
    expect(changeRefusals(moving, { role: "a" }, {})).toEqual(["spec: Invalid value: role cannot come or go"]);
    expect(changeRefusals(moving, {}, { role: "a" })).toEqual(["spec: Invalid value: role cannot come or go"]);
  });

  test("with optionalOldSelf run on create and when the field is new", () => {
    expect(refusals(moving, { born: "old" })).toEqual(['spec.born: Invalid value: "old": begin with new']);
    expect(changeRefusals(moving, {}, { once: "b" })).toEqual([]);
    expect(changeRefusals(moving, { once: "a" }, { once: "b" })).toEqual([
      'spec.once: Invalid value: "b": once is final',
    ]);
  });

  test("follow the items of a keyed list by key", () => {
    const before = {
      keyed: [
        { n: "a", v: 2 },
        { n: "b", v: 3 },
      ],
    };
    expect(
      changeRefusals(moving, before, {
        keyed: [
          { n: "b", v: 2 },
          { n: "a", v: 2 },
        ],
      }),
    ).toEqual(["spec.keyed[0].v: Invalid value: 2: only up"]);
    expect(changeRefusals(moving, before, { keyed: [{ n: "c", v: 1 }] })).toEqual([]);
  });

  test("compare sets without their order", () => {
    expect(changeRefusals(moving, { set: ["a", "b"] }, { set: ["b", "a"] })).toEqual([]);
    expect(changeRefusals(moving, { set: ["a", "b"] }, { set: ["b"] })).toEqual(["spec.set: Invalid value: same set"]);
  });
});
