import { expect, test } from "vitest";
import { classViolations, VIOLATION_REASONS } from "../../../src/plan/class/class-guards.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { allow, boundsOf, CAREFUL, NAMED, REASONS } from "./guarded-specs.ts";

/** A spec that violates every kind of bound of {@link CAREFUL}. */
const { spec: WIDE } = anInstanceProfile({
  spec: {
    ...NAMED,
    ...allow(["iam:*"]),
    path: "/",
    managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
  },
});

const reasonsOf = (...args: Parameters<typeof boundsOf>): readonly string[] =>
  classViolations(WIDE, boundsOf(...args)).map(({ reason }) => reason);

test("all violations are reported at once: of the names, the statements and the other access", () => {
  expect(reasonsOf(CAREFUL)).toEqual(["PathNotAllowed", "ActionNotAllowed", "ManagedPolicyNotAllowed"]);
});

test("an object too many is told its other violations too", () => {
  expect(reasonsOf({ ...CAREFUL, maxPerNamespace: 1 }, { olderPeers: 1 })).toEqual([
    "TooManyObjects",
    "PathNotAllowed",
    "ActionNotAllowed",
    "ManagedPolicyNotAllowed",
  ]);
});

test("a namespace that the class does not allow learns nothing of what the class allows", () => {
  expect(reasonsOf({ ...CAREFUL, namespaces: ["team-b"], maxPerNamespace: 1 }, { olderPeers: 1 })).toEqual([
    "NamespaceNotAllowed",
  ]);
});

test("the reasons that count as a violation in a condition are those that the guards give", () => {
  expect([...VIOLATION_REASONS].sort()).toEqual(Object.values(REASONS).flat().sort());
});
