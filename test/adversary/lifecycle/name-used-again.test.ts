import { describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { orphanOf } from "../../../src/engine/orphans/orphans.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { anInstanceProfile, CLUSTER_ID } from "../../support/builders.ts";

const SCOPE = { clusterId: CLUSTER_ID, namespaces: undefined };

/** The role of an object that is gone, as an account scan shows it. */
const ROLE = {
  roleName: "app",
  roleId: "AROA1",
  arn: "arn:aws:iam::123456789012:role/app",
  tags: {
    [TAG_KEYS.clusterId]: CLUSTER_ID,
    [TAG_KEYS.namespace]: "default",
    [TAG_KEYS.name]: "app",
    [TAG_KEYS.uid]: "uid-of-the-first",
  },
} as unknown as Parameters<typeof orphanOf>[0];

function kindFor(overrides: Parameters<typeof anInstanceProfile>[0]): string | undefined {
  const { metadata, ...rest } = overrides ?? {};
  const object: InstanceProfile = anInstanceProfile({
    metadata: { namespace: "default", name: "app", uid: "uid-of-the-second", ...metadata },
    ...rest,
  });
  return orphanOf(ROLE, object as unknown as KubeObject, SCOPE)?.kind;
}

const REPORTED = { observedGeneration: 1, conditions: [] };

describe("An object that is created again under the name of one that is gone hides its role from no scan", () => {
  test.each<[string, Parameters<typeof anInstanceProfile>[0]]>([
    ["is suspended before it was ever accepted", { spec: { roleName: "app", suspend: true }, status: REPORTED }],
    ["is a dry run", { spec: { roleName: "app", mode: "DryRun" }, status: REPORTED }],
    [
      "is a dry run that has seen the role",
      {
        spec: { roleName: "app", mode: "DryRun" },
        status: { ...REPORTED, accountId: "123456789012", role: { arn: ROLE.arn, id: "AROA1" } },
      },
    ],
    ["is refused by its class", { spec: { roleName: "app" }, status: REPORTED }],
  ])("when it %s", (_, second) => {
    expect(kindFor(second)).toBe("NotResumed");
  });

  test.each<[string, Parameters<typeof anInstanceProfile>[0]]>([
    ["was not reconciled yet", { spec: { roleName: "app" } }],
    [
      "is accepted by a class",
      {
        spec: { roleName: "app" },
        status: {
          ...REPORTED,
          class: { name: "readers", accountId: "123456789012", acceptedTime: "2026-01-01T00:00:00Z" },
        },
      },
    ],
    [
      "is a dry run that has resumed the role before, so that the tags name it",
      {
        metadata: { uid: "uid-of-the-first" },
        spec: { roleName: "app", mode: "DryRun" },
        status: { ...REPORTED, role: { arn: ROLE.arn, id: "AROA1" } },
      },
    ],
    [
      "has the role, by its status",
      { spec: { roleName: "app" }, status: { ...REPORTED, role: { arn: ROLE.arn, id: "AROA1" } } },
    ],
  ])("but answers for it when it %s", (_, second) => {
    expect(kindFor(second)).toBeUndefined();
  });
});
