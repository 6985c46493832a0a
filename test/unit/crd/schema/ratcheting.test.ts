import { expect, test } from "vitest";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import { changeRefusals, crdOf, integer, rules, text, versionOf } from "../fixtures.ts";

/** Objects stored under a looser schema may stay as they are: every line was seen from kube-apiserver 1.36.2. */
const version = versionOf(
  crdOf(
    {
      must: text(),
      a: text({ pattern: "^a" }),
      m: { type: "object", properties: { p: integer({ maximum: 3 }), q: text({ maxLength: 2 }) } },
      list: { type: "array", maxItems: 5, items: text({ maxLength: 2 }) },
      keyed: {
        type: "array",
        maxItems: 5,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["n"],
        items: {
          type: "object",
          required: ["n"],
          properties: { n: text({ maxLength: 5 }), v: integer({ maximum: 3, ...rules("self < 2") }) },
        },
      },
      set: { type: "array", maxItems: 5, "x-kubernetes-list-type": "set", items: text() },
      ruled: text({ maxLength: 9, ...rules("self == 'ok'") }),
      ruledItems: { type: "array", maxItems: 5, items: text({ maxLength: 9, ...rules("self == 'ok'") }) },
    },
    { required: ["must"] },
  ),
);

test.each<[string, JsonObject, JsonObject]>([
  ["a field that stays as it was", { a: "b", must: "1" }, { a: "b", must: "2" }],
  ["a missing field while nothing else changes", { a: "b" }, { a: "b" }],
  ["a field inside an object that changes elsewhere", { must: "1", m: { p: 9 } }, { must: "1", m: { p: 9, q: "ok" } }],
  ["a list that stays as it was", { must: "1", list: ["long"] }, { must: "2", list: ["long"] }],
  [
    "an item of a keyed list that only moved",
    {
      must: "1",
      keyed: [
        { n: "a", v: 9 },
        { n: "b", v: 1 },
      ],
    },
    {
      must: "1",
      keyed: [
        { n: "b", v: 1 },
        { n: "a", v: 9 },
      ],
    },
  ],
  ["duplicates where there were duplicates", { must: "1", set: ["a", "a"] }, { must: "1", set: ["b", "b"] }],
  [
    "a broken rule about an unchanged value",
    { must: "1", ruled: "no", ruledItems: ["no"] },
    { must: "2", ruled: "no", ruledItems: ["no"] },
  ],
])("lets pass %s", (_, before, after) => {
  expect(changeRefusals(version, before, after)).toEqual([]);
});

const unchecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

test.each<[string, JsonObject, JsonObject, readonly string[]]>([
  [
    "a field that changes from wrong to wrong",
    { a: "b", must: "1" },
    { a: "c", must: "1" },
    ["spec.a: Invalid value: \"c\": spec.a in body should match '^a'"],
  ],
  [
    "a missing field once anything changes beside it",
    { a: "b" },
    { a: "ab" },
    ["spec.must: Required value", unchecked],
  ],
  [
    "any wrong item of an unkeyed list that changes",
    { must: "1", list: ["long", "x"] },
    { must: "1", list: ["long", "y"] },
    ["spec.list[0]: Too long: may not be more than 2 bytes", unchecked],
  ],
  [
    "the item of a keyed list that changes",
    { must: "1", keyed: [{ n: "a", v: 9 }] },
    { must: "1", keyed: [{ n: "a", v: 8 }] },
    [
      "spec.keyed[0].v: Invalid value: 8: spec.keyed[0].v in body should be less than or equal to 3",
      "spec.keyed[0].v: Invalid value: 8: failed rule: self < 2",
    ],
  ],
  [
    "a value whose rule breaks anew",
    { must: "1", ruled: "no" },
    { must: "1", ruled: "nope" },
    ["spec.ruled: Invalid value: \"nope\": failed rule: self == 'ok'"],
  ],
  [
    "duplicates where there were none",
    { must: "1", set: ["a"] },
    { must: "1", set: ["a", "a"] },
    ['spec.set[1]: Duplicate value: "a"'],
  ],
])("refuses %s", (_, before, after, expected) => {
  expect(changeRefusals(version, before, after)).toEqual(expected);
});
