import { describe, expect, test } from "vitest";
import { yamlEvents } from "../../../src/cli/manifests/yaml-events.ts";
import { jsonOf } from "../../../src/cli/manifests/yaml-json.ts";

const read = (text: string): unknown => jsonOf(yamlEvents(text), text)[0] ?? null;

test.each<[string, unknown]>([
  ["", null],
  ["a: 1\nb: [x, ~, 1.0e+300, true]", { a: 1, b: ["x", null, 1e300, true] }],
  ["a: '.nan'\nb: '1e400'\nc: 1.0e-400\nd: 1e400x", { a: ".nan", b: "1e400", c: 0, d: "1e400x" }],
  ["a: &x {b: c}\nd: *x\ne: &x 2\nf: *x", { a: { b: "c" }, d: { b: "c" }, e: 2, f: 2 }],
  ["1: a\n~: b\ntrue: c", { 1: "a", "": "b", true: "c" }],
  ["%YAML 1.1\n---\na: !!binary aGk=\nb: !!omap [c: 1]", { a: "hi", b: [{ c: 1 }] }],
])("%j is %j", (text, value) => {
  expect(read(text)).toEqual(value);
});

test.each<[string, string, unknown]>([
  ["below the key", "a: {\n  b: [1,\n  2 # c\n]\n}\nc: d", { a: { b: [1, 2] }, c: "d" }],
  [
    "beside text that looks like brackets",
    "a: {\n'b]': \"}\\n\"\n}\nc: |\n  {\n  x\n",
    { a: { "b]": "}\n" }, c: "{\nx\n" },
  ],
])("brackets may close %s, as kubectl allows", (_, text, value) => {
  expect(read(text)).toEqual(value);
});

test("an alias stands for what its anchor stood for, whatever is anchored later", () => {
  expect(read("a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\ne: *x")).toEqual({ a: 1, b: [1], c: 2, d: [1], e: 2 });
});

test("aliases may repeat a policy in many objects", () => {
  const text = `a: &x [${'"s3:Get*",'.repeat(20)}]\nb: [${"*x,".repeat(1_000)}]`;
  expect(read(text)).toMatchObject({ b: { length: 1_000 } });
});

test("a key called __proto__ is a key like others", () => {
  const value = read("__proto__: {a: 1}") as object;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

describe("what no API server takes is refused", () => {
  const laughs = [
    "a0: &a0 [x]",
    ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
  ];

  test.each<[string, string, string]>([
    ["a key twice", "a: 1\n'a': 2", "a map has the same key twice"],
    ["a number and its text as keys", "1: a\n'1': b", "a map has the same key twice"],
    ["an alias within itself", "a: &x [*x]", "an alias is recursive"],
    ["an alias within its own key", "? &x [*x]\n: a", "an alias is recursive"],
    ["a list as a key", "? [x]\n: d", "a key is a list or a map"],
    ["keys within keys, each of which would be quoted anew", "? ".repeat(100), "a key is a list or a map"],
    ["an alias before its anchor", "a: *x\nb: &x 1", "an alias has no anchor before it"],
    ["a billion laughs", laughs.join("\n"), "aliases make the document too large"],
    ["a number that is none", "a: .nan", "has no such number"],
    ["an infinite number", "a: [-.Inf]", "has no such number"],
    ["a number that is tagged as infinite", "a: !!float .inf", "has no such number"],
    ["a deep nest", `${"[".repeat(501)}${"]".repeat(501)}`, "it is nested more than 500 levels deep"],
  ])("%s", (_, text, words) => {
    expect(() => read(text)).toThrow(words);
  });
});

describe("a plain scalar that kubectl reads as another value than YAML 1.2", () => {
  test.each([
    "yes",
    "No",
    "on",
    "off",
    "y",
    "010000",
    "0777",
    "1_000",
    "0b11",
    "1e400",
    "1234e567",
    `1${"0".repeat(309)}`,
  ])("%s is refused: it must be quoted", (value) => {
    expect(() => read(`a: ${value}`)).toThrow(/read this value differently; quote it/);
  });

  test.each([
    ["true", true],
    ["3600", 3600],
    ["2012-10-17", "2012-10-17"],
    ['"yes"', "yes"],
    ["arn:aws:iam::012345678901:role/a", "arn:aws:iam::012345678901:role/a"],
    ["null", null],
  ])("%s is read as it is", (value, expected) => {
    expect(read(`a: ${value}`)).toEqual({ a: expected });
  });
});
