import { expect, test } from "vitest";
import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { JsonObject } from "../../../src/crd/contract.ts";
import { InvalidCrdError } from "../../../src/crd/field-cause.ts";
import { crdOf, lines, rules, text } from "./fixtures.ts";

const schema = "spec.versions[0].schema.openAPIV3Schema";
const rule = `${schema}.properties[spec].x-kubernetes-validations[0].rule`;

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

test.each<[string, JsonObject, string]>([
  [
    "a pattern that is not RE2",
    crdOf({ a: text({ pattern: "a(?=b)" }) }),
    `${schema}: Invalid value: null: error parsing regexp`,
  ],
  ["an unknown type", crdOf({ a: { type: "foo" } }), `${schema}: Invalid value: null: type must be JSONType`],
  [
    "a rule that does not parse",
    crdOf({ a: text() }, rules("self.a ==")),
    `${rule}: Invalid value: "self.a ==": compilation failed: `,
  ],
  [
    "a rule about an undeclared field",
    crdOf({ a: text() }, rules("self.b == 1")),
    `${rule}: Invalid value: "self.b == 1": compilation failed: `,
  ],
  [
    "a rule about the wrong type",
    crdOf({ a: text() }, rules("self.a == 1")),
    `${rule}: Invalid value: "self.a == 1": compilation failed: `,
  ],
  [
    "a rule that gives no bool",
    crdOf({ a: text() }, rules("self.a")),
    `${rule}: Invalid value: "self.a": must evaluate to a bool, not to string`,
  ],
  ["a rule that is empty", crdOf({ a: text() }, rules(" ")), `${rule}: Invalid value: " ": compilation failed: `],
  [
    "a message that is no text",
    crdOf({ a: text() }, rules({ rule: "self.a == 'x'", messageExpression: "1" })),
    `${rule.replace(/rule$/, "messageExpression")}: Invalid value: "1": must evaluate to a string, not to int`,
  ],
  [
    "a rule about what has no known type",
    crdOf({ a: { "x-kubernetes-preserve-unknown-fields": true } }, rules("has(self.a)")),
    `${rule}: Invalid value: "has(self.a)": compilation failed: `,
  ],
])("refuses %s, and names the place", (_, crd, expected) => {
  expect(faults(crd)).toEqual([expect.stringContaining(expected)]);
});

test("lists everything that makes a CRD unusable", () => {
  const crd = {
    metadata: { name: "other" },
    spec: { versions: [{ name: "v1", storage: true, schema: {} }, { storage: true }] },
  };
  expect(faults(crd).map((line) => line.replace(/: .*/, ""))).toEqual([
    "spec.group",
    "spec.scope",
    "spec.names.plural",
    "spec.names.kind",
    "metadata.name",
    "spec.versions[0].schema.openAPIV3Schema",
    "spec.versions[1].schema.openAPIV3Schema",
    "spec.versions",
  ]);
});

test("fills in what a CRD may leave out", () => {
  const compiled = compileCrd(crdOf({ a: text() }));
  expect(compiled).toMatchObject({ singular: "widget", listKind: "WidgetList", shortNames: [], categories: [] });
  expect(compiled.versions[0]?.printerColumns).toEqual([
    { name: "Age", type: "date", format: "", description: "", priority: 0, jsonPath: ".metadata.creationTimestamp" },
  ]);
});
