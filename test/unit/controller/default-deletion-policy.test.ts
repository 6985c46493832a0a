import { describe, expect, test } from "vitest";
import { underRecordedTerms } from "../../../src/controller/classes/acceptance-record.ts";
import { type DefaultDeletionPolicy, effectiveDeletionPolicy } from "../../../src/plan/class/class-deletion.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { Desk, KEY } from "./desk.ts";

/** The writes of the deletion of an object with this spec, under `run --default-deletion-policy`. */
async function deletionOf(
  policy: DefaultDeletionPolicy,
  spec: Record<string, unknown> = {},
): Promise<readonly string[]> {
  const desk = new Desk();
  desk.defaultDeletionPolicy = policy;
  desk.restart();
  desk.apply(spec);
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
  desk.iam.writes.length = 0;
  desk.kube.delete(KEY);
  await desk.reconcile();
  expect(desk.object).toBeUndefined();
  return desk.iam.writes.map(({ kind }) => kind);
}

describe("with --default-deletion-policy=Retain", () => {
  test("what the controller created stays when an object without a policy is deleted", async () => {
    expect(await deletionOf("Retain")).toEqual([]);
  });

  test("an object that says Delete has it deleted", async () => {
    expect(await deletionOf("Retain", { deletionPolicy: "Delete" })).toContain("DeleteRole");
  });

  test.each([
    ["allows Retain", { allowedDeletionPolicies: ["Delete", "Retain"] }, "Retain"],
    ["does not allow Retain", {}, undefined],
    ["says Delete", { allowedDeletionPolicies: ["Delete", "Retain"], deletionPolicy: "Delete" }, "Delete"],
    ["allows nothing else", { allowedDeletionPolicies: ["Retain"] }, "Retain"],
  ] as const)("the class decides when it %s", (_, terms, expected) => {
    const bounds = { allowedDeletionPolicies: ["Delete"], allowForceDelete: false, ...terms } as const;
    expect(effectiveDeletionPolicy({}, bounds, "Retain")).toBe(expected);
  });

  test("a class that does not allow Retain has the role of its objects deleted, also when the class is gone", async () => {
    const accepted = { name: "readers", accountId: "123456789012", acceptedTime: "2026-01-01T00:00:00Z" };
    const { spec } = underRecordedTerms(
      anInstanceProfile({ metadata: { deletionTimestamp: "2026-01-02T00:00:00Z" }, status: { class: accepted } }),
      "Retain",
    );
    expect(spec.deletionPolicy).toBeUndefined();
  });
});

test("--default-deletion-policy=Delete deletes only what the controller created, as without the option", async () => {
  expect(await deletionOf("Delete")).toContain("DeleteRole");
  const terms = { allowedDeletionPolicies: ["Delete", "Retain"], allowForceDelete: false } as const;
  expect(effectiveDeletionPolicy({}, terms, "Delete")).toBeUndefined();
});
