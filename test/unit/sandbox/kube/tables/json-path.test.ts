import { expect, test } from "vitest";
import { compileJsonPath } from "../../../../../src/sandbox/kube/tables/json-path.ts";

const object = {
  metadata: { annotations: { "example.dev/key": "dotted" } },
  spec: { list: ["a", "b", "c"], count: 0, empty: null },
  status: {
    conditions: [
      { type: "Ready", status: "True", observedGeneration: 2 },
      { type: "Stalled", status: "False", observedGeneration: 1 },
    ],
  },
};

test.each([
  [".spec.count", [0]],
  [".spec.empty", [null]],
  [".spec.absent.deeper", []],
  [".spec.list[0]", ["a"]],
  [".spec.list[-1]", ["c"]],
  [".spec.list[*]", ["a", "b", "c"]],
  [".spec.list[9]", []],
  [".metadata.annotations.example\\.dev/key", ["dotted"]],
  [".metadata.annotations['example.dev/key']", ["dotted"]],
  ['.metadata.annotations["example.dev/key"]', ["dotted"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type == 'Stalled')].status", ["False"]],
  ['.status.conditions[?(@.type!="Ready")].type', ["Stalled"]],
  [".status.conditions[?(@.observedGeneration>=2)].type", ["Ready"]],
  [".status.conditions[?(@.observedGeneration<2)].type", ["Stalled"]],
  [".status.conditions[?(@.reason)].type", []],
  [".status.conditions[?(@.status)].type", ["Ready", "Stalled"]],
  ['.status.conditions[?(@.type=="Unknown")].status', []],
])("finds %s", (path, values) => {
  expect(compileJsonPath(path)(object)).toEqual(values);
});

test("refuses a path that it does not understand, naming the place", () => {
  expect(() => compileJsonPath(".spec[?(1+1)]")).toThrow(
    'JSONPath ".spec[?(1+1)]" has a filter that is not understood',
  );
  expect(() => compileJsonPath(".spec[oops")).toThrow('is not understood from "[oops" on');
});
