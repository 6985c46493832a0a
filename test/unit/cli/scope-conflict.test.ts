import { expect, test } from "vitest";
import { scopeConflict } from "../../../src/cli/controller/election.ts";
import { scopeIdOf } from "../../../src/controller/classes/class-tenure.ts";

const LEASE = "default/instance-profile-controller";
const ALL = { namespaces: undefined, labelSelector: undefined };
const holder = (scope: Readonly<Record<string, unknown>>): string => `pod-1_0b0e-uuid_${scopeIdOf(scope)}`;

test("replicas of one deployment share a Lease, with or without a scope", () => {
  expect(scopeConflict(LEASE, ALL, holder(ALL))).toBeUndefined();
  const scope = { namespaces: ["team-a", "team-b"], labelSelector: "tier=web" };
  expect(
    scopeConflict(LEASE, scope, holder({ labelSelector: "tier=web", namespaces: ["team-b", "team-a"] })),
  ).toBeUndefined();
});

test.each([
  [{ namespaces: ["team-a"] }, { namespaces: ["team-b"] }],
  [{ namespaces: ["team-a"] }, ALL],
  [ALL, { labelSelector: "tier=web" }],
])("a deployment of scope %j is told that one of scope %j holds its Lease", (own, other) => {
  expect(scopeConflict(LEASE, own, holder(other))).toBe(
    "The Lease default/instance-profile-controller is held by a deployment that watches other namespaces or labels, so the objects of this " +
      "process are not reconciled. Give each deployment a Lease of its own with --leader-elect-name.",
  );
});

test("a holder that does not say what it watches is no conflict", () => {
  expect(scopeConflict(LEASE, ALL, "pod-1_0b0e-uuid")).toBeUndefined();
});
