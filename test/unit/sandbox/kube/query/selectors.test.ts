import { expect, test } from "vitest";
import { parseFieldSelector } from "../../../../../src/sandbox/kube/query/field-selector.ts";
import { parseLabelSelector } from "../../../../../src/sandbox/kube/query/label-selector.ts";
import { StatusError } from "../../../../../src/sandbox/kube/status-error.ts";

const labelled = (labels: Record<string, string>) => ({ metadata: { labels } });

test.each([
  ["", { a: "1" }, true],
  ["a", { a: "" }, true],
  ["a", {}, false],
  ["!a", {}, true],
  ["!a", { a: "1" }, false],
  ["a=1", { a: "1" }, true],
  ["a==1", { a: "2" }, false],
  ["a!=1", {}, true],
  ["a!=1", { a: "1" }, false],
  ["a=", { a: "" }, true],
  ["a in (1, 2)", { a: "2" }, true],
  ["a in (1,2),b", { a: "2" }, false],
  ["a notin (1)", {}, true],
  ["a notin (1)", { a: "1" }, false],
  ["a>3", { a: "4" }, true],
  ["a<3", { a: "4" }, false],
  ["example.dev/a=1", { "example.dev/a": "1" }, true],
  ["constructor", {}, false],
])("the label selector %j on %j says %s", (selector, labels, verdict) => {
  expect(parseLabelSelector(selector)(labelled(labels as Record<string, string>))).toBe(verdict);
});

test.each(["a in", "a=b c", "a b", "=1", "a=(1)", "a in (b!)", ","])("the label selector %j is refused", (selector) => {
  expect(() => parseLabelSelector(selector)).toThrow(StatusError);
});

const fields = { name: (object: object) => ("name" in object ? String(object.name) : "") };

test.each([
  ["", "x", true],
  ["name=x", "x", true],
  ["name==x", "y", false],
  ["name!=x", "y", true],
  ["name=x,name!=y", "x", true],
  ["name=a\\,b", "a,b", true],
  ["name=", "", true],
])("the field selector %j on %j says %s", (selector, name, verdict) => {
  expect(parseFieldSelector(selector, fields)({ name })).toBe(verdict);
});

test("a field that the kind does not offer is refused by name", () => {
  expect(() => parseFieldSelector("spec.x=1", fields)).toThrow("field label not supported: spec.x");
  expect(() => parseFieldSelector("toString=1", fields)).toThrow("field label not supported: toString");
  expect(() => parseFieldSelector("name", fields)).toThrow("can't understand 'name'");
});
