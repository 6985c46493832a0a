import { expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import { diff } from "../../../src/plan/diff.ts";
import { countBlockers, withCreations } from "../../../src/plan/quota-blockers.ts";
import { type InputPlan, sharedNameBlockers } from "../../../src/plan/shared-names.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const CREATE = diff(desiredOf(), NOTHING);

function planned(name: string, spec: Partial<InstanceProfileSpec>): InputPlan {
  return { namespace: "team-a", name, plan: diff(desiredOf(spec), NOTHING) };
}

const named = (name: string, roleName: string, instanceProfileName: string = roleName): InputPlan =>
  planned(name, { roleName, instanceProfileName });

test("objects of one input with names of their own do not block each other", () => {
  expect(sharedNameBlockers([named("a", "a"), named("b", "b")])).toEqual([[], []]);
});

test("the second object that creates a role or an instance profile is blocked, in whatever case it writes the name", () => {
  const [first, second, third] = sharedNameBlockers([
    named("a", "app"),
    named("b", "APP", "b"),
    named("c", "c", "App"),
  ]);
  expect(first).toEqual([]);
  expect(second?.map(({ message }) => message)).toEqual([
    "role APP is also created by InstanceProfile team-a/a in this input. Only one object can own it: choose another name.",
  ]);
  expect(third?.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    "OwnedByAnother: instance profile App is also created by InstanceProfile team-a/a in this input. Only one object can own it: " +
      "choose another name.",
  ]);
});

test("a name that exists in AWS is left to its owner tags", () => {
  const owned: InputPlan = {
    namespace: "team-a",
    name: "z",
    plan: diff(desiredOf(), stateAfter(NOTHING, CREATE.actions)),
  };
  expect(sharedNameBlockers([owned, { ...owned, name: "y" }])).toEqual([[], []]);
});

test("an object that is in the input twice is blocked the second time", () => {
  const [, again] = sharedNameBlockers([named("a", "app"), named("a", "other")]);
  expect(again?.map(({ reason }) => reason)).toEqual(["DuplicateObject"]);
});

test("the room that is left in an account goes to the first plans of an input", () => {
  const room = { used: 9, quota: 10 };
  const quotas = { roles: room, instanceProfiles: room } as unknown as Parameters<typeof countBlockers>[1];
  expect(countBlockers(CREATE, quotas)).toEqual([]);
  const left = withCreations(quotas, CREATE);
  expect(countBlockers(CREATE, left).map(({ reason }) => reason)).toEqual(["QuotaExceeded", "QuotaExceeded"]);
  const blocked = { ...CREATE, blockers: [{ reason: "X", message: "x" }] };
  expect(countBlockers(CREATE, withCreations(quotas, blocked))).toEqual([]);
});
