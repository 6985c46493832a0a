import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { PolicyExistence } from "../../../src/engine/observe/policy-existence.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { RegionSnapshots } from "../../../src/engine/observe/region-snapshots.ts";
import { requiredBoundary } from "../../../src/engine/reconcile/required-boundary.ts";
import { revokeExcess } from "../../../src/engine/reconcile/revoke-excess.ts";
import { BlockedError, ConflictError, RetryableError } from "../../../src/errors.ts";
import { ASSOCIATED_BY_TAG, markerOf, REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import type { InstanceFacts } from "../../../src/model/instances/instance.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";
import { aClass, CLUSTER_ID, desiredOf, NOTHING, type SpecOverrides } from "../../support/builders.ts";

const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";
const BOUNDARY = "arn:aws:iam::123456789012:policy/boundary";
const WIDE: SpecOverrides = {
  statements: [{ effect: "Allow", actions: ["iam:*"], resources: ["*"] }],
  managedPolicyArns: [ADMINISTRATOR],
};
const DENIED = new BlockedError("not authorized", { reason: "AccessDenied" });
const NO_REPLY = new RetryableError("no reply", { reason: "EndpointUnreachable" });
const signal = new AbortController().signal;

let iam: FakeIam;
let recentWrites: RecentWrites;
let precondition: () => Promise<void>;
let readRegion: () => Promise<readonly InstanceFacts[]>;
beforeEach(async () => {
  iam = new FakeIam();
  recentWrites = new RecentWrites({ windowMs: 120_000, monotonicMs: () => 0 });
  precondition = async () => {};
  readRegion = async () => [];
});

/** Creates what the object asks for, before its class allowed less. */
async function create(spec: SpecOverrides = {}): Promise<void> {
  for (const action of diff(desiredOf(spec), NOTHING).actions) await iam.perform(action);
  iam.writes.length = 0;
}

function revoke(of: Partial<InstanceProfileClassSpec> = {}) {
  const desired = desiredOf();
  const ofClass = aClass(of);
  const bounds = { class: ofClass, namespace: "team-a", clusterId: CLUSTER_ID, olderPeers: 0 };
  const target = {
    owner: desired.owner,
    bounds,
    trust: { services: ["ec2.amazonaws.com"], statements: [] },
    allowsNothing: false,
    roleManagement: "managed" as const,
  };
  const snapshots = new RegionSnapshots({
    reader: { ...NO_INSTANCES, readRegion: () => readRegion() },
    monotonicMs: () => 0,
    propagationWindowMs: 0,
  });
  const policies = new PolicyExistence(() => 0);
  const deps = {
    reader: iam,
    writer: iam,
    recentWrites,
    instances: { snapshots },
    precondition: () => precondition(),
    boundary: requiredBoundary(ofClass, { policies, reader: iam }),
  };
  return revokeExcess(desired, target, deps, signal);
}

const kinds = (actions: readonly Action[] = iam.writes): readonly string[] => actions.map(({ kind }) => kind);

test("access that the class does not allow is removed, and the report says what", async () => {
  await create(WIDE);
  const { applied, failed, after, unread } = await revoke();
  expect(kinds()).toEqual(["DeleteRolePolicy", "DetachRolePolicy"]);
  expect(applied).toEqual(iam.writes);
  expect([failed, unread]).toEqual([[], undefined]);
  expect(after.role).toMatchObject({ inlinePolicyNames: [], managedPolicyArns: [] });
});

test("a role within its class is not written, and neither is one that does not exist", async () => {
  await revoke();
  await create();
  await revoke();
  expect(iam.writes).toEqual([]);
});

describe("nothing is written", () => {
  test("to a role with the owner tags of another object", async () => {
    await create(WIDE);
    iam.outsider(({ roles, instanceProfiles }) => {
      const role = roles["app"] as NonNullable<(typeof roles)[string]>;
      const tags = { ...role.tags, [TAG_KEYS.name]: "other" };
      return { roles: { app: { ...role, tags } }, instanceProfiles };
    });
    await revoke();
    expect(iam.writes).toEqual([]);
  });

  test("on the proof of recent writes alone, which IAM does not show: another role may have the name by now", async () => {
    const { actions } = diff(desiredOf(WIDE), NOTHING);
    const applied = [];
    for (const action of actions) applied.push({ action, outcome: await iam.perform(action) });
    recentWrites.record(NOTHING, { applied, failed: undefined, refused: [] });
    iam.lag = actions.length;
    iam.writes.length = 0;
    await expect(revoke()).rejects.toMatchObject({ reason: "NotYetVisible" });
    expect(iam.writes).toEqual([]);
  });

  test("when the object has changed; that is no refusal of AWS", async () => {
    await create(WIDE);
    const stale = new ConflictError("the object has changed", { reason: "Conflict" });
    precondition = () => Promise.reject(stale);
    await expect(revoke()).rejects.toBe(stale);
    expect(iam.writes).toEqual([]);
  });
});

test("a refused removal does not stop the others, and the report names it", async () => {
  await create(WIDE);
  iam.fate = ({ kind }) => (kind === "DeleteRolePolicy" ? DENIED : "do");
  const { failed } = await revoke();
  expect(kinds()).toEqual(["DetachRolePolicy"]);
  expect(failed).toMatchObject([{ action: { kind: "DeleteRolePolicy" }, error: DENIED }]);
});

test("removals are laid over reads that lag, so that they are not repeated", async () => {
  await create(WIDE);
  await revoke();
  iam.lag = 2;
  await revoke();
  expect(kinds()).toEqual(["DeleteRolePolicy", "DetachRolePolicy"]);
});

describe("the boundary of the class", () => {
  const of: Partial<InstanceProfileClassSpec> = { permissionsBoundaryArn: BOUNDARY };

  test("is set on the role", async () => {
    await create();
    await revoke(of);
    expect(iam.writes).toEqual([
      { kind: "PutRolePermissionsBoundary", roleName: "app", permissionsBoundaryArn: BOUNDARY },
    ]);
  });

  test("that AWS does not let the controller set is replaced by the removal of all policies", async () => {
    await create();
    iam.fate = ({ kind }) => (kind === "PutRolePermissionsBoundary" ? DENIED : "do");
    const { failed } = await revoke(of);
    expect(kinds()).toEqual(["DeleteRolePolicy"]);
    expect(failed).toEqual([]);
  });

  test("that a transient failure prevents leaves the policies, and is reported", async () => {
    await create();
    iam.fate = ({ kind }) => (kind === "PutRolePermissionsBoundary" ? NO_REPLY : "do");
    const { failed } = await revoke(of);
    expect(iam.writes).toEqual([]);
    expect(failed).toMatchObject([{ action: { kind: "PutRolePermissionsBoundary" }, error: NO_REPLY }]);
  });

  test("that does not exist leaves the policies, and is reported", async () => {
    await create();
    iam.missingPolicies.add(BOUNDARY);
    const { failed } = await revoke(of);
    expect(iam.writes).toEqual([]);
    expect(failed).toMatchObject([{ error: { reason: "PermissionsBoundaryNotFound" } }]);
  });

  test("that cannot be on any role is not requested at all", async () => {
    await create();
    const attempts: string[] = [];
    iam.beforeWrite = async ({ kind }) => void attempts.push(kind);
    const { failed } = await revoke({ permissionsBoundaryArn: BOUNDARY.replace("123456789012", "210987654321") });
    expect(attempts).toEqual([]);
    expect(failed).toMatchObject([{ error: { reason: "PermissionsBoundaryNotFound" } }]);
  });
});

test("a boundary that does not exist keeps no other access from being removed", async () => {
  await create(WIDE);
  await revoke({ permissionsBoundaryArn: BOUNDARY.replace("123456789012", "210987654321") });
  expect(kinds()).toEqual(["DeleteRolePolicy", "DetachRolePolicy"]);
});

test("a trust policy that AWS refuses is closed", async () => {
  await create({ trust: { services: ["lambda.amazonaws.com"], statements: [] } });
  iam.fate = (action) =>
    action.kind === "UpdateAssumeRolePolicy" && action.document.includes('"Allow"') ? DENIED : "do";
  const { failed } = await revoke();
  expect(failed).toEqual([]);
  expect(iam.role("app")?.trustPolicy).toContain('"Effect":"Deny"');
});

describe("associations in regions that the class does not allow", () => {
  const instance: InstanceFacts = {
    instanceId: "i-1",
    region: "eu-west-1",
    state: "running",
    tags: { [ASSOCIATED_BY_TAG]: markerOf(desiredOf().owner, "i-1") },
    association: {
      associationId: "iip-assoc-1",
      profileArn: "arn:aws:iam::123456789012:instance-profile/app",
      profileId: "AIPA2",
      state: "associated",
    },
  };
  beforeEach(async () => {
    await create();
    await iam.perform({ kind: "TagInstanceProfile", instanceProfileName: "app", tags: { [REGIONS_TAG]: "eu-west-1" } });
    iam.writes.length = 0;
  });

  test("are removed from the instances that the controller associated, and then from the record", async () => {
    readRegion = async () => [instance, { ...instance, instanceId: "i-2", tags: {} }];
    const { failed } = await revoke();
    expect(failed).toEqual([]);
    expect(iam.writes).toMatchObject([
      { kind: "DisassociateIamInstanceProfile", instanceId: "i-1" },
      { kind: "DeleteTags", instanceId: "i-1" },
      { kind: "UntagInstanceProfile", tagKeys: [REGIONS_TAG] },
    ]);
  });

  test("stay on record while an instance refuses the removal", async () => {
    readRegion = async () => [instance];
    iam.fate = ({ kind }) => (kind === "DisassociateIamInstanceProfile" ? DENIED : "do");
    const { failed } = await revoke();
    expect(iam.writes).toEqual([]);
    expect(failed).toMatchObject([{ action: { kind: "DisassociateIamInstanceProfile" } }]);
  });

  test("are reported as unread when the region cannot be read, which does not stop the other removals", async () => {
    readRegion = () => Promise.reject(DENIED);
    const { unread, applied } = await revoke({ allowedActions: ["ec2:*"] });
    expect(unread).toBe(DENIED);
    expect(kinds(applied)).toEqual(["DeleteRolePolicy"]);
  });
});
