import { expect, test } from "vitest";
import { diff } from "../../../src/plan/diff.ts";
import { countBlockers, withCreations } from "../../../src/plan/quota-blockers.ts";
import { sharedNameBlockers } from "../../../src/plan/shared-names.ts";
import { anInstanceProfile, desiredOf, NOTHING } from "../../support/builders.ts";

const named = (name: string, roleName: string, instanceProfileName: string = roleName) =>
  anInstanceProfile({ metadata: { name }, spec: { roleName, instanceProfileName } });

test("objects of one input with names of their own do not block each other", () => {
  expect(sharedNameBlockers([named("a", "a"), named("b", "b")])).toEqual([[], []]);
});

test("the second object that names a role or an instance profile is blocked, in whatever case it writes the name", () => {
  const [first, second, third] = sharedNameBlockers([
    named("a", "app"),
    named("b", "APP", "b"),
    named("c", "c", "App"),
  ]);
  expect(first).toEqual([]);
  expect(second?.map(({ message }) => message)).toEqual([
    "role APP is that of InstanceProfile team-a/a in this input, too. Only one object can own it: choose another name.",
  ]);
  expect(third?.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    "OwnedByAnother: instance profile App is that of InstanceProfile team-a/a in this input, too. Only one object can own it: choose another name.",
  ]);
});

test("an object that is in the input twice is blocked the second time", () => {
  const [, again] = sharedNameBlockers([named("a", "app"), named("a", "app")]);
  expect(again?.[0]?.message).toContain("InstanceProfile team-a/a is in this input more than once");
});

test("the room that is left in an account goes to the first plans of an input", () => {
  const plan = diff(desiredOf(), NOTHING);
  const room = { used: 9, quota: 10 };
  const quotas = { roles: room, instanceProfiles: room } as unknown as Parameters<typeof countBlockers>[1];
  expect(countBlockers(plan, quotas)).toEqual([]);
  const left = withCreations(quotas, plan);
  expect(countBlockers(plan, left).map(({ reason }) => reason)).toEqual(["QuotaExceeded", "QuotaExceeded"]);
  const blocked = { ...plan, blockers: [{ reason: "X", message: "x" }] };
  expect(countBlockers(plan, withCreations(quotas, blocked))).toEqual([]);
});
