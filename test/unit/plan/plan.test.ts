import { describe, expect, test } from "vitest";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import type { Action } from "../../../src/plan/action.ts";
import { isAdoptionOnly, type Plan } from "../../../src/plan/plan.ts";

const ADOPTS: Action = { kind: "TagRole", roleName: "app", tags: { [TAG_KEYS.adopted]: "true", [TAG_KEYS.uid]: "1" } };
const OWN: Action = { kind: "TagInstanceProfile", instanceProfileName: "app", tags: { [TAG_KEYS.uid]: "1" } };
const FORGED: Action = { kind: "UntagRole", roleName: "app", tagKeys: [TAG_KEYS.adoptedFrom] };
const USERS_GONE: Action = { kind: "UntagRole", roleName: "app", tagKeys: [TAG_KEYS.adoptedFrom, "team"] };
const USERS: Action = { kind: "TagRole", roleName: "app", tags: { team: "a" } };
const DETACH: Action = { kind: "DetachRolePolicy", roleName: "app", policyArn: "arn:aws:iam::aws:policy/a" };

const planOf = (actions: readonly Action[], reason?: string): Plan => ({
  actions,
  blockers: reason === undefined ? [] : [{ reason, message: reason }],
  unmanagedPolicies: [],
});

describe("a plan takes over what is there as it is", () => {
  test("when it writes the controller's own tags alone, and one of them says so", () => {
    expect(isAdoptionOnly(planOf([ADOPTS]))).toBe(true);
    expect(isAdoptionOnly(planOf([ADOPTS, OWN]))).toBe(true);
    expect(isAdoptionOnly(planOf([FORGED, ADOPTS]))).toBe(true);
  });

  test.each<[string, Plan]>([
    ["nothing", planOf([])],
    ["the tags of what is the object's already", planOf([OWN])],
    ["tags that the user asks for, too", planOf([ADOPTS, USERS])],
    ["tags that the user no longer asks for, too", planOf([ADOPTS, USERS_GONE])],
    ["the removal of an own tag alone", planOf([FORGED])],
    ["anything but tags, too", planOf([ADOPTS, DETACH])],
    ["nothing because it is blocked", planOf([ADOPTS], "AlreadyExists")],
  ])("not when it writes %s", (_what, plan) => {
    expect(isAdoptionOnly(plan)).toBe(false);
  });
});
