import { describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileStatus, ObjectMeta } from "../../../src/api/instance-profile.ts";
import {
  accountKeyOf,
  blockersOf,
  type ClassBinding,
  complianceOf,
  forceDeniedBy,
  OWN_ACCOUNT,
  withLeftOut,
} from "../../../src/controller/classes/class-binding.ts";
import type { Violation } from "../../../src/plan/class/class-bounds.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import type { ViolationEffect } from "../../../src/status/compliance.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { aBinding, aClass, anInstanceProfile, NOTHING } from "../../support/builders.ts";

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

const FOREIGN_TAG: Violation = {
  reason: "TagNotAllowed",
  message: "spec.tags ...",
  excess: { kind: "tag", key: "team" },
};
const TAG_BLOCKER = { reason: FOREIGN_TAG.reason, message: FOREIGN_TAG.message };
const CREATED: InstanceProfileStatus = { role: { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" } };

const free: ClassBinding = { kind: "free", object: anInstanceProfile() };
const refused: ClassBinding = { kind: "refused", blocker: { reason: "ClassNotFound", message: "readers ..." } };

describe("compliance", () => {
  test("is not reported for an object that needs no class", () => {
    expect(complianceOf(free, CREATED)).toBeUndefined();
  });

  test("names the class of an object without violations", () => {
    expect(complianceOf(aBinding(), CREATED)).toEqual({ kind: "compliant", className: "readers" });
  });

  test.each<[ViolationEffect, string, ClassBinding, InstanceProfileStatus | undefined]>([
    ["not created", "of a new object", aBinding({ violations: [FOREIGN_TAG] }), undefined],
    ["kept", "of an object in AWS", aBinding({ violations: [FOREIGN_TAG] }), CREATED],
    ["stripped", "that the class strips", aBinding({ violations: [FOREIGN_TAG], isStripped: true }), CREATED],
    ["not created", "of a new object without its class", refused, undefined],
    ["blocked", "of an object in AWS without its class", refused, CREATED],
  ])("has the effect `%s` for a violation %s", (effect, _, binding, status) => {
    const violations = binding.kind === "refused" ? [binding.blocker] : [TAG_BLOCKER];
    expect(complianceOf(binding, status)).toEqual({
      kind: "violated",
      violations,
      effect,
      revoked: [],
      remaining: [],
    });
  });
});

test("the annotation force-delete is denied by the class, or by the record of a deleted class", () => {
  expect(forceDeniedBy(aBinding())).toBe("readers");
  expect(forceDeniedBy(aBinding({ class: aClass({ allowForceDelete: true }) }))).toBeUndefined();
  expect(forceDeniedBy({ ...free, forceDeniedBy: "former" })).toBe("former");
  expect(forceDeniedBy(free)).toBeUndefined();
});

describe("an outcome lists what the class has stripped", () => {
  const plan: Plan = { actions: [], blockers: [], unmanagedPolicies: [] };
  const previewed: Outcome = { kind: "previewed", plan, observed: NOTHING, visibleInMs: 0 };
  const converged: Outcome = {
    kind: "converged",
    plan,
    applied: [],
    failed: undefined,
    after: NOTHING,
    visibleInMs: 0,
  };
  const stripped = aBinding({ violations: [FOREIGN_TAG], isStripped: true });

  test("when AWS was reconciled or observed", () => {
    expect(withLeftOut(converged, stripped)).toEqual({ ...converged, leftOut: [TAG_BLOCKER] });
    expect(withLeftOut(previewed, stripped)).toEqual({ ...previewed, leftOut: [TAG_BLOCKER] });
  });

  test("and nothing where the class strips nothing, or AWS was not observed", () => {
    expect(withLeftOut(converged, aBinding({ violations: [FOREIGN_TAG] }))).toBe(converged);
    expect(withLeftOut(converged, free)).toBe(converged);
    const suspended: Outcome = { kind: "suspended" };
    expect(withLeftOut(suspended, stripped)).toBe(suspended);
  });
});
