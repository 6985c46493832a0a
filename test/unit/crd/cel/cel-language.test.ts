import { expect, test } from "vitest";
import type { JsonObject } from "../../../../src/crd/contract.ts";
import { crdOf, integer, refusals, rules, text, versionOf } from "../fixtures.ts";

const properties: JsonObject = {
  i: integer(),
  n: { type: "number" },
  s: text({ maxLength: 50 }),
  none: integer(),
  strings: { type: "array", maxItems: 5, items: text({ maxLength: 50 }) },
  ints: { type: "array", maxItems: 5, items: integer() },
  objects: {
    type: "array",
    maxItems: 5,
    items: { type: "object", properties: { k: text({ maxLength: 50 }), v: integer() } },
  },
  map: { type: "object", maxProperties: 5, additionalProperties: text({ maxLength: 50 }) },
  object: { type: "object", properties: { k: text({ maxLength: 50 }), v: integer() } },
  either: { "x-kubernetes-int-or-string": true },
  at: text({ format: "date-time" }),
  day: text({ format: "date" }),
  wait: text({ format: "duration" }),
  bytes: text({ format: "byte", maxLength: 50 }),
};

const spec: JsonObject = {
  i: 7,
  n: 2,
  s: "a-B-c",
  strings: ["x", "y"],
  ints: [1, 2, 3],
  objects: [{ k: "a", v: 1 }, { k: "b" }],
  map: { a: "1", "c.d": "2" },
  object: { k: "a", v: 1 },
  either: 5,
  at: "2026-01-01T01:00:00+01:00",
  day: "2026-01-01",
  wait: "1h30m",
  bytes: "aGk=",
};

function holds(rule: string): boolean {
  return refusals(versionOf(crdOf(properties, rules(rule))), spec).length === 0;
}

test.each([
  "self.i / 2 == 3 && self.i % 2 == 1",
  "self.n > 1 && self.n < 2.5 && double(self.i) > self.n",
  "self.n == 2.0",
  "has(self.i) && !has(self.none)",
  "has(self.objects[0].v) && !has(self.objects[1].v)",
  "self.objects.all(o, o.k != '') && self.objects.exists(o, has(o.v)) && self.objects.exists_one(o, o.k == 'b')",
  "self.objects.filter(o, has(o.v)).map(o, o.k) == ['a']",
  "self.objects.map(o, has(o.v), o.v + 1) == [2]",
  "self.strings + ['z'] == ['x', 'y', 'z'] && 'x' in self.strings && size(self.strings) == 2",
  "self.map.all(k, self.map[k].size() == 1) && 'c.d' in self.map && !('z' in self.map)",
  "self.objects[0] in self.objects && self.objects[0] != self.objects[1]",
  "self.objects == [self.objects[0], self.objects[1]]",
  "self.either == 5 || self.either == 'five'",
  "(self.i > 0 || self.objects[9].v > 0) && !(self.objects[9].v > 0 && false)",
  "self.?none.orValue(3) == 3 && self.?i.hasValue() && self.map[?'z'].orValue('none') == 'none'",
  "self.s.lowerAscii() == 'a-b-c' && self.s.upperAscii() == 'A-B-C' && self.s.split('-').join('+') == 'a+B+c'",
  "self.s.replace('-', '') == 'aBc' && self.s.replace('-', '', 1) == 'aB-c'",
  "self.s.indexOf('-') == 1 && self.s.lastIndexOf('-') == 3 && self.s.substring(2) == 'B-c' && ' a '.trim() == 'a'",
  "self.s.matches('(?i)^A-b') && matches(self.s, 'B')",
  "self.at == timestamp('2026-01-01T00:00:00Z') && self.day == self.at && self.at.getFullYear() == 2026",
  "self.wait == duration('90m') && self.wait > duration('1h')",
  "self.bytes == b'hi'",
  "size('é😀') == 2",
  "type(self.i) == int && string(self.i) == '7' && int('7') == self.i",
])("holds: %s", (rule) => {
  expect(holds(rule)).toBe(true);
});

test.each([
  "self.objects.exists_one(o, o.k != '')",
  "self.objects[0] == self.objects[1]",
  "self.strings == ['y', 'x']",
  "self.s.matches('^b')",
  "!self.map.exists(k, k == 'a')",
])("does not hold: %s", (rule) => {
  expect(holds(rule)).toBe(false);
});
