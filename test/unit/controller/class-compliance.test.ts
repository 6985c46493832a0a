import { describe, expect, test } from "vitest";
import type { InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import {
  type ClassBinding,
  complianceOf,
  forceDeniedBy,
  withLeftOut,
} from "../../../src/controller/classes/class-binding.ts";
import type { Violation } from "../../../src/plan/class/class-bounds.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import type { ViolationEffect } from "../../../src/status/compliance.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { aBinding, aClass, anInstanceProfile, NOTHING } from "../../support/builders.ts";

const VIOLATION: Violation = {
  reason: "TagNotAllowed",
  message: "spec.tags ...",
  excess: { kind: "tag", key: "team" },
};
const BLOCKER = { reason: VIOLATION.reason, message: VIOLATION.message };
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
    ["not created", "of a new object", aBinding({ violations: [VIOLATION] }), undefined],
    ["kept", "of an object in AWS", aBinding({ violations: [VIOLATION] }), CREATED],
    ["stripped", "that the class strips", aBinding({ violations: [VIOLATION], isStripped: true }), CREATED],
    ["not created", "of a new object without its class", refused, undefined],
    ["blocked", "of an object in AWS without its class", refused, CREATED],
  ])("has the effect `%s` for a violation %s", (effect, _, binding, status) => {
    const violations = binding.kind === "refused" ? [binding.blocker] : [BLOCKER];
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
  const stripped = aBinding({ violations: [VIOLATION], isStripped: true });

  test("when AWS was reconciled or observed", () => {
    expect(withLeftOut(converged, stripped)).toEqual({ ...converged, leftOut: [BLOCKER] });
    expect(withLeftOut(previewed, stripped)).toEqual({ ...previewed, leftOut: [BLOCKER] });
  });

  test("and nothing where the class strips nothing, or AWS was not observed", () => {
    expect(withLeftOut(converged, aBinding({ violations: [VIOLATION] }))).toBe(converged);
    expect(withLeftOut(converged, free)).toBe(converged);
    const suspended: Outcome = { kind: "suspended" };
    expect(withLeftOut(suspended, stripped)).toBe(suspended);
  });
});
