import { expect, test } from "vitest";
import { costCauses, estimateCost } from "../../../../src/crd/cel/cost.ts";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import { crdOf, integer, lines, rules, text } from "../fixtures.ts";

const spec = "spec.validation.openAPIV3Schema.properties[spec]";

function words(maxItems: number, maxLength: number): JsonObject {
  return { type: "array", maxItems, items: text({ maxLength }) };
}

function objects(properties: JsonObject): JsonObject {
  return { type: "array", maxItems: 2000, items: { type: "object", properties } };
}

/** How many times the budget of a rule: the number that kube-apiserver 1.36.2 names when it refuses the same CRD. */
test.each<[string, JsonObject, string, number]>([
  ["every item with every other", words(1000, 64), "self.a.all(x, self.a.exists_one(y, x == y))", 3.0],
  ["the first that fits", words(1000, 64), "self.a.all(x, self.a.exists(y, x == y))", 3.2],
  [
    "expressions over long texts",
    words(1000, 1000),
    "self.a.all(x, x.matches('^[a-z]+$')) && self.a.all(x, self.a.all(y, x.matches('a')))",
    40.6,
  ],
  ["membership in a list", words(2000, 10), "self.a.all(x, x in self.a && x in self.a && x in self.a)", 1.2],
  ["maps of maps", words(1000, 10), "self.a.map(x, self.a.map(y, y)).size() > 0", 1.3],
  ["filters", words(1000, 10), "self.a.all(x, self.a.filter(y, x == y).size() == 1)", 1.9],
  ["prefixes", words(1500, 100), "self.a.all(x, self.a.all(y, x.startsWith(y)))", 10.1],
  ["changed texts", words(1500, 100), "self.a.all(x, self.a.all(y, x.lowerAscii() == y.lowerAscii()))", 28.1],
  ["joined texts", words(1000, 1000), "self.a.all(x, self.a.join(',').size() > 3)", 40.0],
  ["split texts", words(1000, 200), "self.a.all(x, self.a.all(y, x.split(',').size() > 3))", 16.6],
  ["replaced texts", words(1000, 200), "self.a.all(x, self.a.all(y, x.replace('a','bb') == y))", 24.5],
  ["concatenated texts", words(1000, 200), "self.a.all(x, self.a.all(y, (x + y) == 'a'))", 16.6],
  ["either of two", words(1000, 200), "self.a.all(x, self.a.all(y, (x == 'a' ? x : y) == x))", 8.7],
  [
    "fields of objects",
    objects({ q: text({ maxLength: 9 }), r: integer() }),
    "self.a.all(x, self.a.all(y, has(x.q) && has(y.q) && x.q == y.q && x.r > y.r))",
    7.2,
  ],
  ["sorting", words(1000, 200), "self.a.all(x, self.a.isSorted())", 8.1],
  ["literal lists", words(3000, 10), "self.a.all(x, self.a.all(y, x in ['a','b','c','d']))", 16.2],
  ["negation", words(3000, 10), "self.a.all(x, self.a.all(y, !(x != y)))", 9.0],
  [
    "arithmetic",
    { type: "array", maxItems: 3000, items: integer() },
    "self.a.all(x, self.a.all(y, x + y * 2 - 1 > 0))",
    8.1,
  ],
])("costs %s as the API server does", (_, a, rule, factor) => {
  const [found] = estimateCost(crdOf({ a }, rules(rule)));
  expect((found?.cost ?? 0) / 10_000_000).toBeCloseTo(factor, 1);
  expect(found).toMatchObject({ path: `${spec}.x-kubernetes-validations[0].rule`, bounded: true, unbounded: [] });
});

test("counts a nested rule as often as it may run", () => {
  const inner = { type: "array", maxItems: 1000, items: text({ maxLength: 100, ...rules("self.matches('^a+$')") }) };
  const [found] = estimateCost(
    crdOf({ a: { type: "array", maxItems: 1000, items: { type: "object", properties: { b: inner } } } }),
  );
  expect((found?.cost ?? 0) / 10_000_000).toBeCloseTo(4.2, 1);
});

test("names what has no bound: what encloses a rule and what it reaches", () => {
  const costs = estimateCost(
    crdOf(
      {
        list: { type: "array", items: text(rules("self != ''")) },
        map: { type: "object", additionalProperties: integer() },
        word: text(),
        bounded: words(3, 3),
      },
      rules("self.bounded.all(x, x != '')", "self.map.all(k, k != '') && self.word == 'a'"),
    ),
  );
  expect(costs.map(({ bounded, unbounded }) => [bounded, unbounded])).toEqual([
    [true, []],
    [false, [`${spec}.properties[map]`, `${spec}.properties[word]`]],
    [false, [`${spec}.properties[list]`, `${spec}.properties[list].items`]],
  ]);
});

test("refuses what the API server would refuse for its cost, in its words", () => {
  const crd = crdOf({ a: { type: "array", items: text(rules("self.matches('^a+$')")) } });
  const rule = `${spec}.properties[a].items.x-kubernetes-validations[0].rule`;
  const advice =
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
  expect(lines(costCauses(crd))).toEqual([
    `${rule}: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${advice}`,
    `${rule}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
    `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${advice}`,
  ]);
  expect(costCauses(crdOf({ a: words(10, 10) }, rules("self.a.all(x, x != '')")))).toEqual([]);
});
