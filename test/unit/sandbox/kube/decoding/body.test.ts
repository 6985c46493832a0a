import { expect, test } from "vitest";
import {
  excerptOf,
  objectIn,
  parseBody,
  parseJson,
  parseYaml,
  UnreadableBodyError,
} from "../../../../../src/sandbox/kube/decoding/body.ts";

const bodyOf = (mediaType: string, text: string) => ({ mediaType, text, bytes: Buffer.from(text) });

test("reads JSON and YAML to the same value", () => {
  expect(parseBody(bodyOf("", '{"a":[1,{"b":null}]}')).value).toEqual({ a: [1, { b: null }] });
  expect(parseBody(bodyOf("application/yaml", "a: [1, {b: null}]")).value).toEqual({ a: [1, { b: null }] });
});

test("names the keys that are said twice, wherever they are", () => {
  expect(parseJson('{"a":1,"b":{"c":1,"c":2},"d":[{"e":1},{"e":1,"e":1}],"a":2}')).toEqual({
    value: { a: 2, b: { c: 2 }, d: [{ e: 1 }, { e: 1 }] },
    duplicates: ["b.c", "d[1].e", "a"],
  });
  expect(parseYaml("a: 1\na: 2\n").duplicates).toEqual(["a"]);
});

test("does not take a string that looks like a key for one", () => {
  expect(parseJson('{ "a": "\\"b\\": 1", "c": "b: c" }').duplicates).toEqual([]);
});

test("refuses what cannot be read, and what is no object", () => {
  expect(() => parseJson("{nope")).toThrow(UnreadableBodyError);
  expect(() => parseYaml("a: [")).toThrow("error converting YAML to JSON");
  expect(() => parseYaml("a: 1\n---\nb: 2\n")).toThrow("not exactly one YAML document");
  expect(() => objectIn(parseJson("[]"))).toThrow("cannot unmarshal array");
  expect(() => parseBody(bodyOf("text/plain", "x"))).toThrow("accepted media types include: application/json");
});

test("keeps an own key called __proto__ harmless", () => {
  const value = objectIn(parseJson('{"__proto__":{"polluted":true}}'));
  expect(Object.hasOwn(value, "__proto__")).toBe(true);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("shows the start of a body, as text when it looks like JSON", () => {
  expect(excerptOf("")).toBe("<empty>");
  expect(excerptOf("[]")).toBe("5b5d");
  expect(excerptOf(`{"key":"${"x".repeat(50)}"}`)).toBe('{"key":"xxxxxxxxxxxxxxxxxxxxxx ...');
});
