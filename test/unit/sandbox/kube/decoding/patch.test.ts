import { expect, test } from "vitest";
import { jsonPatch, mergePatch, strategicMergePatch } from "../../../../../src/sandbox/kube/decoding/patch.ts";
import { StatusError } from "../../../../../src/sandbox/kube/status-error.ts";

test("a JSON patch changes a copy and stops at the first failure", () => {
  const object = { spec: { a: 1, list: [1, 2] } };
  const patched = jsonPatch(object, [
    { op: "test", path: "/spec/a", value: 1 },
    { op: "replace", path: "/spec/a", value: 2 },
    { op: "add", path: "/spec/list/-", value: 3 },
    { op: "remove", path: "/spec/list/0" },
  ]);
  expect(patched).toEqual({ spec: { a: 2, list: [2, 3] } });
  expect(object).toEqual({ spec: { a: 1, list: [1, 2] } });
});

test.each([
  [[{ op: "test", path: "/a", value: 2 }]],
  [[{ op: "remove", path: "/none" }]],
  [[{ op: "add", path: "/none/deep", value: 1 }]],
  [[{ op: "bogus", path: "/a" }]],
  [[{ op: "add" }]],
  [["nonsense"]],
  [[{ op: "add", path: "no-slash", value: 1 }]],
])("the JSON patch %j does not apply", (patch) => {
  expect(() => jsonPatch({ a: 1 }, patch)).toThrow("the server rejected our request due to an error in our request");
});

test("a test for null passes on what is not there, as in the API server's library", () => {
  expect(jsonPatch({ a: 1 }, [{ op: "test", path: "/none", value: null }])).toEqual({ a: 1 });
});

test("a JSON patch must be a list of at most ten thousand operations", () => {
  expect(() => jsonPatch({}, { op: "add" })).toThrow("error decoding patch");
  const many = Array.from({ length: 10_001 }, () => ({ op: "test", path: "", value: {} }));
  expect(() => jsonPatch({}, many)).toThrow(StatusError);
});

test("a merge patch follows RFC 7386", () => {
  expect(mergePatch({ a: "b", c: { d: "e", f: "g" } }, { a: "z", c: { f: null } })).toEqual({ a: "z", c: { d: "e" } });
  expect(mergePatch({ a: [1, 2] }, { a: [3] })).toEqual({ a: [3] });
  expect(mergePatch({ a: 1 }, { b: { c: null } })).toEqual({ a: 1, b: {} });
  expect(mergePatch("text", { a: 1 })).toEqual({ a: 1 });
});

test("a strategic merge patch obeys its directives and merges finalizers as a set", () => {
  const object = { metadata: { finalizers: ["a/b"] }, data: { x: "1", y: "2" } };
  expect(strategicMergePatch(object, { metadata: { finalizers: ["c/d"] }, data: { x: null } })).toEqual({
    metadata: { finalizers: ["a/b", "c/d"] },
    data: { y: "2" },
  });
  expect(strategicMergePatch(object, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a/b"] } })).toEqual({
    metadata: {},
    data: { x: "1", y: "2" },
  });
  expect(strategicMergePatch(object, { data: { $patch: "delete" } })).toEqual({ metadata: { finalizers: ["a/b"] } });
  expect(strategicMergePatch(object, { "$setElementOrder/x": ["a"] })).toEqual(object);
});
