import { expect, test } from "vitest";
import type { JsonObject } from "../../../../../src/crd/contract.ts";
import { untypedFaults } from "../../../../../src/sandbox/kube/apply/untyped-faults.ts";
import { kind } from "./ownership-fixtures.ts";

function faults(spec: JsonObject, metadata: JsonObject = { name: "w" }): readonly string[] {
  return untypedFaults(kind.schema, { apiVersion: "test.example.com/v1", kind: "Widget", metadata, spec });
}

/** Every line was seen from kube-apiserver 1.36.2. */
test.each<[JsonObject, readonly string[]]>([
  [{ zzz: 1 }, [".spec.zzz: field not declared in schema"]],
  [{ obj: { zz: 1 } }, [".spec.obj.zz: field not declared in schema"]],
  [{ b: "x" }, [".spec.b: expected numeric (int or float), got string"]],
  [{ a: 1 }, [".spec.a: expected string, got &value.valueUnstructured{Value:1}"]],
  [{ keyed: {} }, [".spec.keyed: expected list, got &{map[]}"]],
  [{ map: ["x"] }, [".spec.map: expected map, got &{[x]}"]],
  [{ set: ["a", "a"] }, ['.spec.set: duplicate entries for key [="a"]']],
  [{ set: [null] }, [".spec.set: element 0: associative list without keys has an element that's an explicit null"]],
  [{ keyed: [{ n: "a" }, { n: "a" }] }, ['.spec.keyed: duplicate entries for key [n="a"]']],
  [
    { keyed: [{ v: 1 }] },
    [
      '.spec.keyed: element 0: associative list with keys has an element that omits all key fields ["n"] (and doesn\'t have default values for any key fields)',
    ],
  ],
  [
    { ports: [{ port: "x" }] },
    ['.spec.ports[port="x",protocol="TCP"].port: expected numeric (int or float), got string'],
  ],
  [
    { b: "x", zzz: 1 },
    [".spec.b: expected numeric (int or float), got string", ".spec.zzz: field not declared in schema"],
  ],
  [{ any: { q: { r: [1, { s: 1 }] } }, a: null, obj: null }, []],
])("says why %j cannot be merged", (spec, expected) => {
  expect(faults(spec)).toEqual(expected);
});

test("knows metadata", () => {
  expect(faults({}, { name: "w", foo: 1, labels: { a: 1 } })).toEqual([
    ".metadata.foo: field not declared in schema",
    ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}",
  ]);
  expect(faults({}, { name: "w", finalizers: ["a.b/c", "a.b/c"] })).toEqual([
    '.metadata.finalizers: duplicate entries for key [="a.b/c"]',
  ]);
});
