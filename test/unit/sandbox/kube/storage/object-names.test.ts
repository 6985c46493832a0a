import { expect, test } from "vitest";
import {
  labelNameProblems,
  labelValueProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from "../../../../../src/sandbox/kube/storage/object-names.ts";

test.each(["a", "a-b.c", "0", "x".repeat(253)])("the object name %j is right", (name) => {
  expect(subdomainProblems(name)).toEqual([]);
});

test.each(["", "A", "-a", "a.", "a..b", "a_b", "x".repeat(254)])("the object name %j is wrong", (name) => {
  expect(subdomainProblems(name)).not.toEqual([]);
});

test("a namespace is shorter and has no dots", () => {
  expect(labelNameProblems("a-b")).toEqual([]);
  expect(labelNameProblems("a.b")).toEqual(["must not contain dots"]);
  expect(labelNameProblems("x".repeat(64))).toEqual(["must be no more than 63 bytes"]);
});

test.each(["a", "A_b.c", "example.dev/A", "example.dev/a.b"])("the key %j is right", (key) => {
  expect(qualifiedNameProblems(key)).toEqual([]);
});

test.each([
  ["", "name part must be non-empty"],
  ["/a", "prefix part must be non-empty"],
  ["Example.dev/a", "prefix part a lowercase RFC 1123 subdomain"],
  ["a/b/c", "a valid label key must consist of"],
  ["a b", "name part must consist of"],
  ["x".repeat(64), "name part must be no more than 63 bytes"],
])("the key %j is wrong: %s", (key, words) => {
  expect(qualifiedNameProblems(key).join("\n")).toContain(words);
});

test("a label value may be empty but not odd", () => {
  expect(labelValueProblems("")).toEqual([]);
  expect(labelValueProblems("v1.2_3")).toEqual([]);
  expect(labelValueProblems("a b").join()).toContain("a valid label must be an empty string or");
});
