import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec, PolicySpec } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { appliedRecord, encodeAppliedRecord } from "../../../src/model/applied-record.ts";
import { REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import type { ObservedRole } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { NO_TRUST } from "../../../src/plan/class/class-bounds.ts";
import {
  membershipsBeyond,
  type RevocationTarget,
  regionsBeyond,
  revocationsOf,
} from "../../../src/plan/class/class-excess.ts";
import { aClass, aPolicy, CLUSTER_ID, createdState, desiredOf, type SpecOverrides } from "../../support/builders.ts";

const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";
const BOUNDARY = "arn:aws:iam::123456789012:policy/boundary";
const WIDE: SpecOverrides = {
  statements: [{ effect: "Allow", actions: ["iam:*"], resources: ["*"] }],
  managedPolicyArns: [ADMINISTRATOR],
};
const EC2: InstanceProfileSpec["trust"] = { services: ["ec2.amazonaws.com"], statements: [] };
const ANY_ACCOUNT: InstanceProfileSpec["trust"] = {
  services: ["ec2.amazonaws.com"],
  statements: [{ effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } }],
};

function targetOf(
  of: Partial<InstanceProfileClassSpec> = {},
  overrides: Partial<RevocationTarget> = {},
): RevocationTarget {
  const bounds = { class: aClass(of), namespace: "team-a", clusterId: CLUSTER_ID, olderPeers: 0 };
  return {
    owner: desiredOf().owner,
    bounds,
    trust: EC2,
    allowsNothing: false,
    roleManagement: "managed",
    ...overrides,
  };
}

/** Kind and subject of each write, with those that replace it where AWS refuses it. */
function revoked(target: RevocationTarget, role: ObservedRole): readonly string[] {
  const show = (action: object): string => {
    const { kind, ...rest } = action as { kind: string } & Record<string, unknown>;
    return `${kind} ${rest["policyName"] ?? rest["policyArn"] ?? rest["tagKeys"] ?? rest["permissionsBoundaryArn"] ?? ""}`.trim();
  };
  return revocationsOf(target, role).map(({ action, otherwise }) =>
    [show(action), ...otherwise.map((one) => `else ${show(one)}`)].join(", "),
  );
}

test("a role within its class loses nothing", () => {
  expect(revoked(targetOf(), createdState().role)).toEqual([]);
});

test("a role that is not owned is not touched, however much it grants", () => {
  const { role } = createdState(WIDE);
  for (const tags of [{}, { ...role.tags, [TAG_KEYS.name]: "other" }]) {
    expect(revoked(targetOf({}, { allowsNothing: true }), { ...role, tags })).toEqual([]);
  }
});

describe("a policy that the controller put on the role", () => {
  test("is removed when the class does not allow it", () => {
    const expected = ["DeleteRolePolicy app", `DetachRolePolicy ${ADMINISTRATOR}`];
    expect(revoked(targetOf(), createdState(WIDE).role)).toEqual(expected);
  });

  test("is removed when the maximum access of the class does not allow it", () => {
    const of = { allowedActions: ["*"], allowedManagedPolicies: ["arn:aws:iam::aws:policy/Admin*"] };
    const most = (actions: readonly string[]) => ({
      maximumAccess: { statements: [{ effect: "Allow" as const, actions, resources: ["*"] }] },
    });
    expect(revoked(targetOf({ ...of, ...most(["s3:*"]) }), createdState(WIDE).role)).toEqual(["DeleteRolePolicy app"]);
    expect(revoked(targetOf({ ...of, ...most(["iam:*"]) }), createdState(WIDE).role)).toEqual([]);
  });

  test("stays when the class allows it", () => {
    const of = { allowedActions: ["iam:*"], allowedManagedPolicies: ["arn:aws:iam::aws:policy/Admin*"] };
    expect(revoked(targetOf(of), createdState(WIDE).role)).toEqual([]);
  });

  test("is removed when the class allows the object nothing", () => {
    const of = { allowedActions: ["*"], allowedManagedPolicies: [ADMINISTRATOR] };
    const expected = ["DeleteRolePolicy app", `DetachRolePolicy ${ADMINISTRATOR}`];
    expect(revoked(targetOf(of, { allowsNothing: true }), createdState(WIDE).role)).toEqual(expected);
  });

  test.each([
    ["was not read", {}],
    ["is not JSON", { app: "{" }],
    ["has a statement in an unknown form", { app: '{"Statement":[{"Effect":"Allow","Act":"s3:*"}]}' }],
  ])("is removed when its document %s", (_, inlinePolicyDocuments) => {
    expect(revoked(targetOf(), { ...createdState().role, inlinePolicyDocuments })).toEqual(["DeleteRolePolicy app"]);
  });
});

describe("several inline policies are checked against the maximum access together", () => {
  const of = {
    allowedActions: ["*"],
    maximumAccess: {
      statements: [{ effect: "Allow" as const, actions: ["s3:*"], resources: ["arn:aws:s3:::team-a-*"] }],
    },
  };
  const all = { effect: "Allow" as const, actions: ["s3:*"], resources: ["*"] };
  const own = { effect: "Deny" as const, actions: ["*"], notResources: ["arn:aws:s3:::team-a-*"] };
  const role = (...inlinePolicies: readonly PolicySpec[]): ObservedRole => createdState({ inlinePolicies }).role;

  test("and one that is within it by a Deny of another stays", () => {
    expect(revoked(targetOf(of), role(aPolicy([all], "all", "a"), aPolicy([own], "limits", "b")))).toEqual([]);
    expect(revoked(targetOf(of), role(aPolicy([all], "all", "a")))).toEqual(["DeleteRolePolicy all"]);
  });

  test("and a Deny of a policy that is removed does not keep another, and goes last", () => {
    const both = aPolicy(
      [
        { ...all, actions: ["iam:*"] },
        { ...own, actions: ["s3:*"] },
      ],
      "both",
      "a",
    );
    expect(revoked(targetOf(of), role(both, aPolicy([all], "others", "b")))).toEqual([
      "DeleteRolePolicy others",
      "DeleteRolePolicy both",
    ]);
  });

  test("and in the version of the document, which decides what its variables are", () => {
    const resource = `arn:aws:s3:::team-a-\${*}`;
    const document = (version: string): PolicySpec => ({
      ...aPolicy([], "app", "a"),
      document: { Version: version, Statement: { Effect: "Allow", Action: "s3:*", Resource: resource } },
    });
    const statements = [{ effect: "Allow" as const, actions: ["s3:*"], resources: ["arn:aws:s3:::team-a-?"] }];
    const one = targetOf({ ...of, maximumAccess: { statements } });
    expect(revoked(one, role(document("2012-10-17")))).toEqual([]);
    expect(revoked(one, role(document("2008-10-17")))).toEqual(["DeleteRolePolicy app"]);
  });
});

test("a policy that another client put on the role stays, and is reported elsewhere", () => {
  const { role } = createdState();
  const unmanaged = {
    inlinePolicyNames: ["app", "unmanaged"],
    managedPolicyArns: [ADMINISTRATOR],
  };
  expect(revoked(targetOf({}, { allowsNothing: true }), { ...role, ...unmanaged })).toEqual(["DeleteRolePolicy app"]);
});

describe("the trust policy", () => {
  const { role } = createdState({ trust: ANY_ACCOUNT });

  test("is reduced to what the class allows, and closed where AWS refuses that", () => {
    const [revocation] = revocationsOf(targetOf(), role);
    expect(revocation?.action).toMatchObject({
      kind: "UpdateAssumeRolePolicy",
      document: expect.stringMatching(/"Effect":"Allow".*ec2\.amazonaws\.com/),
    });
    expect(revocation?.action).not.toMatchObject({ document: expect.stringContaining('"AWS"') });
    expect(revocation?.otherwise).toMatchObject([
      { kind: "UpdateAssumeRolePolicy", document: expect.stringMatching(/"Effect":"Deny"/) },
    ]);
  });

  test("is closed where the class allows nothing of it", () => {
    const [revocation] = revocationsOf(targetOf({}, { trust: NO_TRUST }), role);
    expect(revocation?.action).toMatchObject({ document: expect.not.stringContaining('"Effect":"Allow"') });
  });

  test("is replaced when it cannot be read as statements", () => {
    expect(revoked(targetOf(), { ...createdState().role, trustPolicy: "{" })).toEqual([
      "UpdateAssumeRolePolicy, else UpdateAssumeRolePolicy",
    ]);
  });

  test("stays when the class allows trust statements", () => {
    expect(revoked(targetOf({ allowTrustStatements: true }), role)).toEqual([]);
  });
});

describe("a tag that the controller set for the user", () => {
  const { role } = createdState({ tags: { app: "x", "eks-cluster-admin": "true" } });

  test("is removed when the class does not allow its key", () => {
    expect(revoked(targetOf({ allowedTagKeys: ["app"] }), role)).toEqual(["UntagRole eks-cluster-admin"]);
    expect(revoked(targetOf({ allowedTagKeys: ["*"] }), role)).toEqual([]);
  });

  test("is removed when the class allows the object nothing, unless it is a tag of the class", () => {
    const of = { allowedTagKeys: ["*"], tags: { app: "x" }, allowedActions: ["s3:*"] };
    expect(revoked(targetOf(of, { allowsNothing: true }), role)).toContain("UntagRole eks-cluster-admin");
  });

  test("stays if another client set it", () => {
    const { role: created } = createdState();
    const withOther = { ...created, tags: { ...created.tags, unmanaged: "x" } };
    expect(revoked(targetOf({}, { allowsNothing: true }), withOther)).toEqual(["DeleteRolePolicy app"]);
  });

  test("is never an owner tag, also where the record has the hash of one, because hashes can collide", () => {
    const applied = encodeAppliedRecord(appliedRecord([], [TAG_KEYS.namespace, "team"]));
    const tags = { ...createdState().role.tags, [TAG_KEYS.applied]: applied, team: "x" };
    expect(revoked(targetOf(), { ...createdState().role, tags })).toEqual(["UntagRole team"]);
  });
});

test("sessions are shortened to what the class allows, and keep the description of the role", () => {
  const { role } = createdState({ maxSessionDurationSeconds: 7200, description: "kept" });
  expect(revocationsOf(targetOf({ maxSessionDurationSeconds: 3600 }), role).map(({ action }) => action)).toEqual([
    {
      kind: "UpdateRole",
      roleName: "app",
      description: "kept",
      maxSessionDurationSeconds: 3600,
      changes: ["~ maxSessionDurationSeconds: 7200 -> 3600"],
    },
  ]);
  expect(revoked(targetOf({ maxSessionDurationSeconds: 7200 }), role)).toEqual([]);
});

describe("the permissions boundary of the class", () => {
  const of = { permissionsBoundaryArn: BOUNDARY };

  test("is set on the role, or else the policies that the class allows are removed too", () => {
    expect(revoked(targetOf(of), createdState().role)).toEqual([
      `PutRolePermissionsBoundary ${BOUNDARY}, else DeleteRolePolicy app`,
    ]);
    const other = createdState({ permissionsBoundaryArn: ADMINISTRATOR });
    expect(revoked(targetOf(of), other.role)).toHaveLength(1);
  });

  test("is not set where the role has it, or where the class has none", () => {
    expect(revoked(targetOf(of), createdState({ permissionsBoundaryArn: BOUNDARY }).role)).toEqual([]);
    expect(revoked(targetOf(), createdState({ permissionsBoundaryArn: ADMINISTRATOR }).role)).toEqual([]);
  });
});

describe("the regions in which associations exceed the class", () => {
  const { instanceProfile } = createdState();
  const tags = { ...instanceProfile.tags, [REGIONS_TAG]: "eu-west-1 us-east-1" };
  const profile = { ...instanceProfile, tags };

  test("are those on the instance profile that the class does not allow", () => {
    expect(regionsBeyond(targetOf({ allowedInstanceRegions: ["eu-*"] }), profile)).toEqual(["us-east-1"]);
    expect(regionsBeyond(targetOf(), profile)).toEqual(["eu-west-1", "us-east-1"]);
    expect(regionsBeyond(targetOf({ allowedInstanceRegions: ["*"] }), profile)).toEqual([]);
  });

  test("are all of them when the class allows the object nothing", () => {
    const target = targetOf({ allowedInstanceRegions: ["*"] }, { allowsNothing: true });
    expect(regionsBeyond(target, profile)).toEqual(["eu-west-1", "us-east-1"]);
  });

  test("are none for an instance profile that is absent or not owned", () => {
    expect(regionsBeyond(targetOf(), { presence: "absent" })).toEqual([]);
    expect(regionsBeyond(targetOf(), { ...profile, tags: { ...tags, [TAG_KEYS.name]: "other" } })).toEqual([]);
  });
});

describe("an external role", () => {
  const { role, instanceProfile } = createdState(WIDE);
  const ofOthers = targetOf({}, { roleManagement: "revoked" });

  test("is not written, although it has the owner tags of the object", () => {
    expect(revoked(targetOf({}, { roleManagement: "external" }), role)).toEqual([]);
    expect(revoked(ofOthers, role)).toEqual([]);
  });

  test("that the class does not allow leaves the instance profile of the object, and no other", () => {
    const kinds = (...args: Parameters<typeof membershipsBeyond>): readonly string[] =>
      membershipsBeyond(...args).map(({ action }) => action.kind);
    expect(kinds(ofOthers, instanceProfile)).toEqual(["RemoveRoleFromInstanceProfile"]);
    expect(kinds(ofOthers, { ...instanceProfile, tags: {} })).toEqual([]);
    expect(kinds(ofOthers, { ...instanceProfile, roleName: undefined })).toEqual([]);
    expect(kinds(targetOf({}, { roleManagement: "external" }), instanceProfile)).toEqual([]);
    expect(kinds(targetOf({}), instanceProfile)).toEqual([]);
  });
});
