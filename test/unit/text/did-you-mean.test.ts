import { expect, test } from "vitest";
import { didYouMean } from "../../../src/text/did-you-mean.ts";

const FIELDS = ["effect", "actions", "notActions", "resources", "conditions", "sid"];

test.each([
  ["Effect", "effect"],
  ["Action", "actions"],
  ["Resource", "resources"],
  ["Condition", "conditions"],
  ["efect", "effect"],
  ["cnoditions", "conditions"],
])("%s was meant to be %s", (name, meant) => {
  expect(didYouMean(name, FIELDS)).toBe(` (did you mean ${meant}?)`);
});

test.each([
  ["managedPolicies", "managedPolicyArns"],
  ["ManagedPolicyArn", "managedPolicyArns"],
  ["permissionsBoundary", "permissionsBoundaryArn"],
  ["permissionBoundary", "permissionsBoundaryArn"],
  ["maxSessionDuration", "maxSessionDurationSeconds"],
])("the name that other tools give a field, %s, was meant to be %s", (name, meant) => {
  const fields = [
    "managedPolicyArns",
    "unmanagedPolicies",
    "permissionsBoundaryArn",
    "maxSessionDurationSeconds",
    "policyName",
  ];
  expect(didYouMean(name, fields)).toBe(` (did you mean ${meant}?)`);
});

test("another word gets no suggestion, and neither does a short one that has to be changed by half", () => {
  for (const name of ["principals", "tags", "foo", "ab", ""]) expect(didYouMean(name, FIELDS)).toBe("");
});

test("a name of a megabyte costs nothing", () => {
  expect(didYouMean("a".repeat(1_000_000), ["a".repeat(1_000_001)])).toBe("");
});
