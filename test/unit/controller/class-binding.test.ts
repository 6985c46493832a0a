import { describe, expect, test } from "vitest";
import type { InstanceProfile, ObjectMeta } from "../../../src/api/instance-profile.ts";
import {
  accountKeyOf,
  blockersOf,
  type ClassBinding,
  OWN_ACCOUNT,
} from "../../../src/controller/classes/class-binding.ts";
import type { Violation } from "../../../src/plan/class/class-bounds.ts";
import { aBinding, anInstanceProfile } from "../../support/builders.ts";

const VIOLATION: Violation = {
  reason: "ActionNotAllowed",
  message: "spec.statements[0] ...",
  excess: { kind: "statement", policy: "spec.statements", index: 0 },
};

/** An object with a policy that is too large for IAM. */
function oversized(metadata: Partial<ObjectMeta> = {}): InstanceProfile {
  const oversize = [{ field: "spec.statements", message: "spec.statements is too large" }] as const;
  return { ...anInstanceProfile({ metadata }), oversize };
}

const reasonsOf = (binding: ClassBinding): readonly string[] => blockersOf(binding).map(({ reason }) => reason);

describe("an object is blocked", () => {
  test("by its missing class", () => {
    const blocker = { reason: "ClassRequired", message: "spec.className is not set" };
    expect(blockersOf({ kind: "refused", blocker })).toEqual([blocker]);
  });

  test("by its violations, unless the class strips them", () => {
    const violations = [VIOLATION];
    expect(blockersOf(aBinding({ violations }))).toEqual([{ reason: "ActionNotAllowed", message: VIOLATION.message }]);
    expect(blockersOf(aBinding({ violations, isStripped: true }))).toEqual([]);
  });

  test("by a policy that is too large, also where the class strips violations", () => {
    const object = oversized();
    expect(reasonsOf({ kind: "free", object })).toEqual(["PolicyTooLarge"]);
    expect(reasonsOf(aBinding({ object, violations: [VIOLATION], isStripped: true }))).toEqual(["PolicyTooLarge"]);
  });

  test("by nothing else", () => {
    expect(reasonsOf(aBinding())).toEqual([]);
    expect(reasonsOf({ kind: "free", object: anInstanceProfile() })).toEqual([]);
  });
});

test("a policy that is too large does not block the deletion of its object, which writes none", () => {
  const object = oversized({ deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(reasonsOf({ kind: "free", object })).toEqual([]);
});

test("an object is in the account of its class, and else in the controller's own", () => {
  expect(accountKeyOf(aBinding())).toBe("123456789012");
  expect(accountKeyOf({ kind: "free", object: anInstanceProfile() })).toBe(OWN_ACCOUNT);
});
