import { describe, expect, test } from "vitest";
import { hasExternalRole } from "../../../src/api/instance-profile.ts";
import { readablePartsOf } from "../../../src/controller/reconcile/subject.ts";

const rawOf = (spec: object) => ({
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfile",
  metadata: { name: "app", namespace: "team-a" },
  spec: { statements: [{ effect: "Maybe" }], ...spec },
});

describe("an object with an invalid spec", () => {
  test("keeps the names and grants nothing", () => {
    const { spec } = readablePartsOf(rawOf({ roleName: "app", instanceProfileName: "p", path: "/x/" })) ?? {};
    expect(spec).toMatchObject({ roleName: "app", instanceProfileName: "p", path: "/x/" });
    expect(spec).toMatchObject({ inlinePolicies: [], managedPolicyArns: [] });
  });

  test("does not become the manager of a role of others", () => {
    const parts = readablePartsOf(rawOf({ roleName: "shared", role: { management: "External" } }));
    expect(parts && hasExternalRole(parts.spec)).toBe(true);
    expect(readablePartsOf(rawOf({ roleName: "shared", role: { management: "external" } }))).toBeUndefined();
  });
});
