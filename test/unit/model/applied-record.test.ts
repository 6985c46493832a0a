import { describe, expect, test } from "vitest";
import {
  appliedRecord,
  encodeAppliedRecord,
  encodeBothRecords,
  inlinePolicyId,
  managedPolicyId,
  readAppliedRecord,
  recordsInlinePolicy,
  recordsManagedPolicy,
  recordsTag,
} from "../../../src/model/applied-record.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";

const NOTHING = appliedRecord([], []);
const arns = (n: number, from = 0): string[] =>
  Array.from({ length: n }, (_, i) => `arn:aws:iam::aws:policy/Policy${i + from}`);
const managed = (all: readonly string[]): string[] => all.map(managedPolicyId);
const keys = (n: number, prefix = "key"): string[] => Array.from({ length: n }, (_, i) => `${prefix}-${i}`);
const read = (value: string) => readAppliedRecord({ [TAG_KEYS.applied]: value });

describe("a record read back", () => {
  test.each([
    [0, 0],
    [1, 0],
    [3, 5],
    [11, 30],
    [25, 44],
  ])("knows its %i policies and %i tags, and no strangers", (policies, tags) => {
    const [ids, tagKeys] = [arns(policies), keys(tags)];
    const value = encodeAppliedRecord(appliedRecord(managed(ids), tagKeys));
    expect(value.length).toBeLessThanOrEqual(256);
    expect(value).toMatch(/^[\w.]*$/);
    const record = read(value);
    expect(ids.every((id) => recordsManagedPolicy(record, id))).toBe(true);
    expect(tagKeys.every((key) => recordsTag(record, key))).toBe(true);
    expect(arns(100, 1_000).filter((id) => recordsManagedPolicy(record, id))).toEqual([]);
    expect(keys(100, "stranger").filter((key) => recordsTag(record, key))).toEqual([]);
  });

  test("is the same text again, whatever its length", () => {
    for (const [policies, tags] of [
      [1, 1],
      [20, 20],
      [25, 44],
      [50, 44],
    ] as const) {
      const record = appliedRecord(managed(arns(policies)), keys(tags));
      const value = encodeAppliedRecord(record);
      expect(encodeAppliedRecord(read(value))).toBe(value);
    }
  });

  test("does not depend on the order of names", () => {
    expect(encodeAppliedRecord(appliedRecord(managed(arns(5)).reverse(), keys(5).reverse()))).toBe(
      encodeAppliedRecord(appliedRecord(managed(arns(5)), keys(5))),
    );
  });

  test("tells names apart by as much as there is room for", () => {
    expect(encodeAppliedRecord(appliedRecord(managed(arns(2)), keys(3)))).toMatch(/^v1[.]66[.]\w{12}[.]\w{18}$/);
    expect(encodeAppliedRecord(appliedRecord(managed(arns(26)), keys(44)))).toMatch(/^v1[.]43[.]\w{104}[.]\w{132}$/);
  });

  test("fits into a tag at the most that the CRD lets through", () => {
    expect(encodeAppliedRecord(appliedRecord(managed(arns(51)), keys(44))).length).toBeLessThanOrEqual(256);
  });
});

describe("a record that says nothing that is understood", () => {
  test.each([
    "",
    "v1",
    "v1.66",
    "v1..",
    "v1.66.abcdef",
    "v1.06.abcdef.",
    "v1.76.abcdef.",
    "v1.66.abc-ef.",
    "v1.66.abcdef..",
    "v2.66.abcdef.",
    " v1.66.abcdef.",
    "{}",
  ])("%j counts as empty: nothing goes by it", (value) => {
    expect(read(value)).toEqual(NOTHING);
  });

  test("is an empty one when there is none", () => {
    expect(readAppliedRecord({})).toEqual(NOTHING);
  });

  test("is told from its beginning when it is cut in the middle of a hash", () => {
    const [id = "", other = ""] = arns(2);
    const value = encodeAppliedRecord(appliedRecord(managed([id]), [])).replace(/[.]$/, "abc.");
    expect(recordsManagedPolicy(read(value), id)).toBe(true);
    expect(recordsManagedPolicy(read(value), other)).toBe(false);
  });
});

describe("two records in one", () => {
  test("know what either knows", () => {
    const record = read(
      encodeBothRecords(appliedRecord(managed(arns(2)), keys(1)), appliedRecord(managed(arns(2, 5)), keys(1, "x"))) ??
        "",
    );
    expect([...arns(2), ...arns(2, 5)].every((id) => recordsManagedPolicy(record, id))).toBe(true);
    expect([...keys(1), ...keys(1, "x")].every((key) => recordsTag(record, key))).toBe(true);
  });

  test("of different lengths of hashes are told by the shorter", () => {
    const short = read(encodeAppliedRecord(appliedRecord(managed(arns(26)), keys(40))));
    const both = read(encodeBothRecords(short, appliedRecord(managed(arns(1, 90)), [])) ?? "");
    expect([...arns(26), ...arns(1, 90)].every((id) => recordsManagedPolicy(both, id))).toBe(true);
  });

  test("are no record when a tag has no room for hashes that tell them apart", () => {
    expect(
      encodeBothRecords(
        appliedRecord(managed(arns(26)), keys(44)),
        appliedRecord(managed(arns(26, 50)), keys(44, "x")),
      ),
    ).toBeUndefined();
  });
});

test("an inline policy and a managed policy of one name are two", () => {
  const recorded = appliedRecord([inlinePolicyId("app")], []);
  expect(recordsInlinePolicy(recorded, ["app"])).toBe(true);
  expect(recordsManagedPolicy(recorded, "app")).toBe(false);
});
