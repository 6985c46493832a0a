import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type FieldPath,
  FieldSet,
  fieldStep,
  keyStep,
  printedPath,
  valueStep,
} from "../../../../../src/sandbox/kube/apply/field-set.ts";

const step = fc.oneof(
  fc.constantFrom("a", "b", "c").map(fieldStep),
  fc.constantFrom("x", "y").map((name) => keyStep({ name })),
  fc.constantFrom("v", "w").map(valueStep),
);
const path: fc.Arbitrary<FieldPath> = fc.array(step, { minLength: 1, maxLength: 4 });
const set = fc.array(path, { maxLength: 8 }).map((paths) => FieldSet.of(paths));

function texts(found: FieldSet): readonly string[] {
  return found.paths().map(printedPath).sort();
}

describe("a set of fields", () => {
  test("has the paths it was made of, once each", () => {
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const made = FieldSet.of(paths);
        expect(texts(made)).toEqual([...new Set(paths.map(printedPath))].sort());
      }),
    );
  });

  test("survives being written as fieldsV1 and read again", () => {
    fc.assert(
      fc.property(set, (one) => {
        expect(texts(FieldSet.parse(JSON.parse(JSON.stringify(one.toJson()))))).toEqual(texts(one));
      }),
    );
  });

  test("joins, meets and differs path by path", () => {
    fc.assert(
      fc.property(set, set, (one, other) => {
        const left = texts(one);
        const right = texts(other);
        expect(texts(one.union(other))).toEqual([...new Set([...left, ...right])].sort());
        expect(texts(one.intersection(other))).toEqual(left.filter((each) => right.includes(each)));
        expect(texts(one.difference(other))).toEqual(left.filter((each) => !right.includes(each)));
      }),
    );
  });

  test("loses whole branches when it is to do without them", () => {
    fc.assert(
      fc.property(set, set, (one, other) => {
        const gone = other.paths().map((each) => JSON.stringify(each).slice(0, -1));
        const kept = one
          .paths()
          .filter((each) => !gone.some((start) => `${JSON.stringify(each).slice(0, -1)},`.startsWith(`${start},`)));
        expect(texts(one.without(other))).toEqual(kept.map(printedPath).sort());
      }),
    );
  });
});

test("prints paths as conflicts name them", () => {
  expect(printedPath(["f:spec", keyStep({ port: 80, name: "x" }), "f:a", valueStep("v")])).toBe(
    '.spec[name="x",port=80].a[="v"]',
  );
});
