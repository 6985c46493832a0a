import { describe, expect, test } from "vitest";
import type { AccountSnapshot } from "../../../src/engine/observe/account-snapshot.ts";
import type { PolicyVerifier } from "../../../src/engine/observe/policy-existence.ts";
import { QuotaCache } from "../../../src/engine/observe/quota-cache.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import {
  fromSnapshot,
  objectByObject,
  type PlanReader,
  type PolicyDocuments,
  planManifest,
} from "../../../src/engine/offline/plan-manifest.ts";
import type { AccountReader } from "../../../src/engine/ports.ts";
import { observeAndPlan } from "../../../src/engine/reconcile/observe-and-plan.ts";
import type { AccountQuotas } from "../../../src/model/account-quotas.ts";
import { desiredState } from "../../../src/model/desired-state.ts";
import { nameKey } from "../../../src/model/naming.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { refusedByIam } from "../../../src/plan/lint/lint.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { anInstanceProfile, CLUSTER_ID, NOTHING, PLACE, stateAfter } from "../../support/builders.ts";
import { GOLDEN_CASES, goldenCase } from "../../support/golden-cases.ts";

const { signal } = new AbortController();
const GRANTS = { allowsAdoption: true, place: PLACE };

function iamWith({ role, instanceProfile, managedPolicies }: ObservedState): FakeIam {
  const iam = new FakeIam();
  iam.outsider(() => ({
    ...(managedPolicies && { managedPolicies }),
    roles: role.presence === "absent" ? {} : { [nameKey(role.roleName)]: role },
    instanceProfiles:
      instanceProfile.presence === "absent" ? {} : { [nameKey(instanceProfile.instanceProfileName)]: instanceProfile },
  }));
  return iam;
}

function snapshotOf({ account: { roles, instanceProfiles } }: FakeIam): AccountSnapshot {
  return {
    roles: new Map(Object.entries(roles)),
    instanceProfiles: new Map(Object.entries(instanceProfiles)),
    holders: new Map(),
    takenAtMs: 0,
    names: { roles: new Set(), instanceProfiles: new Set(), listedAtMs: 0 },
    selected: [],
  };
}

function quotasOf(quotas: Partial<AccountQuotas>): QuotaCache {
  const room = { used: 0, quota: 10 };
  const all = { inlinePoliciesChars: 10_240, trustPolicyChars: 2_048, managedPoliciesPerRole: 10 };
  const getQuotas = async () => ({ roles: room, instanceProfiles: room, ...all, ...quotas });
  return new QuotaCache({ getQuotas } as unknown as AccountReader, () => 0);
}

const NO_POLICIES: PolicyDocuments = { inline: async () => undefined, managed: async () => new Map() };

type Object = ReturnType<typeof anInstanceProfile>;

/** The plan of the controller, and those of the command, read object by object and from a snapshot of the account. */
async function plansOf(object: Object, observed: ObservedState, room: Partial<AccountQuotas> = {}): Promise<Plan[]> {
  const iam = iamWith(observed);
  const quotas = quotasOf(room);
  await quotas.refresh(0, signal);
  const instances = withoutInstances();
  const recentWrites = new RecentWrites({ windowMs: 0, monotonicMs: () => 0 });
  const verifier: PolicyVerifier = {
    verify: async (arn) => ({ kind: arn.endsWith("/missing") ? "missing" : "exists" }),
  };
  const deps = {
    reader: iam,
    recentWrites,
    instances,
    quotas,
    policies: verifier,
    refusedByIam: () => refusedByIam(object),
  };
  const controller = await observeAndPlan(desiredState(object, CLUSTER_ID, GRANTS), deps, signal);
  const command = async (reader: PlanReader): Promise<Plan> => {
    const target = { clusterId: CLUSTER_ID, ...GRANTS };
    return (await planManifest(object, target, { reader, instances, quotas, policies: NO_POLICIES, verifier }, signal))
      .plan;
  };
  return [controller.plan, await command(objectByObject(iam)), await command(fromSnapshot(snapshotOf(iam), iam))];
}

describe("the controller and the command `plan` compute the same plan", () => {
  test.each(GOLDEN_CASES)("of the case %s", async (name) => {
    const { object, observed } = goldenCase(name);
    const [controller, ...commands] = await plansOf(object, observed);
    for (const command of commands) expect(command).toEqual(controller);
  });

  test.each<[string, Parameters<typeof anInstanceProfile>[0], Partial<AccountQuotas>, string]>([
    ["a quota that is used up", {}, { roles: { used: 10, quota: 10 } }, "QuotaExceeded"],
    [
      "a managed policy that does not exist",
      { spec: { managedPolicyArns: ["arn:aws:iam::123456789012:policy/missing"] } },
      {},
      "PolicyNotFound",
    ],
    [
      "a condition operator that IAM does not know",
      {
        spec: {
          statements: [
            {
              effect: "Allow",
              actions: ["s3:Get*"],
              resources: ["*"],
              conditions: { StringEqual: { "aws:a": ["b"] } },
            },
          ],
        },
      },
      {},
      "InvalidPolicy",
    ],
  ])("with the same blocker for %s", async (_, overrides, quotas, reason) => {
    const plans = await plansOf(anInstanceProfile(overrides), NOTHING, quotas);
    expect(plans.map(({ blockers }) => blockers.map((blocker) => blocker.reason))).toEqual([
      [reason],
      [reason],
      [reason],
    ]);
  });
});

test("a missing policy blocks what is shown of a role that exists, up to the write that IAM refuses", async () => {
  const missing = "arn:aws:iam::123456789012:policy/missing";
  const before = anInstanceProfile({ spec: { managedPolicyArns: [] } });
  const [{ actions } = { actions: [] }] = await plansOf(before, NOTHING);
  const statements = [{ effect: "Allow" as const, actions: ["s3:GetObject"], resources: ["*"] }];
  const after = anInstanceProfile({ spec: { managedPolicyArns: [missing], statements } });
  const [controller, command] = await plansOf(after, stateAfter(NOTHING, actions));
  expect(controller?.blockers).toEqual([]);
  expect(controller?.actions.map(({ kind }) => kind)).toContain("AttachRolePolicy");
  expect(command?.blockers.map(({ reason }) => reason)).toEqual(["PolicyNotFound"]);
  const attached = controller?.actions.findIndex(({ kind }) => kind === "AttachRolePolicy");
  expect(command?.actions).toEqual(controller?.actions.slice(0, attached));
});

test("a role that is in sync is not blocked by a policy that IAM would reject today", async () => {
  const object = anInstanceProfile();
  const [{ actions } = { actions: [] }] = await plansOf(object, NOTHING);
  const deps = {
    reader: iamWith(stateAfter(NOTHING, actions)),
    instances: withoutInstances(),
    refusedByIam: () => [{ reason: "InvalidPolicy", path: "spec.statements[0].conditions", message: "no" }],
  };
  const { plan } = await observeAndPlan(desiredState(object, CLUSTER_ID, GRANTS), deps, signal);
  expect(plan).toMatchObject({ actions: [], blockers: [] });
});

test("an invalid policy of a role that exists does not put off the removal of access", async () => {
  const object = anInstanceProfile();
  const [{ actions } = { actions: [] }] = await plansOf(object, NOTHING);
  const iam = iamWith(stateAfter(NOTHING, actions));
  const changed = anInstanceProfile({
    spec: { statements: [{ effect: "Allow", actions: ["s3:Put*"], resources: ["*"] }] },
  });
  const deps = {
    reader: iam,
    instances: withoutInstances(),
    refusedByIam: () => [{ reason: "InvalidPolicy", path: "spec.statements[0].conditions", message: "no" }],
  };
  const desired = desiredState(changed, CLUSTER_ID, GRANTS);
  const executed = await observeAndPlan(desired, deps, signal);
  expect([executed.plan.actions.map(({ kind }) => kind), executed.plan.blockers]).toEqual([["PutRolePolicy"], []]);
  const shown = await observeAndPlan(desired, { ...deps, isForecast: true }, signal);
  expect([shown.plan.actions, shown.plan.blockers.map(({ reason }) => reason)]).toEqual([[], ["InvalidPolicy"]]);
});

test("a plan that is shown lists what the controller removes before IAM refuses the policy, and nothing after it", async () => {
  const [{ actions } = { actions: [] }] = await plansOf(anInstanceProfile(), NOTHING);
  const after = anInstanceProfile({
    spec: {
      managedPolicyArns: ["arn:aws:iam::aws:policy/New"],
      permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
      statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
    },
  });
  const deps = {
    reader: iamWith(stateAfter(NOTHING, actions)),
    instances: withoutInstances(),
    refusedByIam: () => [{ reason: "InvalidPolicy", path: "spec.statements[0].conditions", message: "no" }],
    isForecast: true,
  };
  const { plan } = await observeAndPlan(desiredState(after, CLUSTER_ID, GRANTS), deps, signal);
  const kinds = plan.actions.map(({ kind }) => kind);
  expect(kinds).toContain("PutRolePermissionsBoundary");
  expect(kinds).not.toContain("PutRolePolicy");
  expect(kinds).not.toContain("AttachRolePolicy");
});

test("an entity with tags of others is not given more tags than IAM allows, and nothing else of the plan is written", async () => {
  const [{ actions } = { actions: [] }] = await plansOf(anInstanceProfile(), NOTHING);
  const made = stateAfter(NOTHING, actions);
  if (made.role.presence === "absent") throw new Error("no role");
  const others = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`other-${i}`, "x"]));
  const observed = { ...made, role: { ...made.role, tags: { ...made.role.tags, ...others } } };
  const tagged = (count: number) =>
    anInstanceProfile({
      spec: {
        description: "edited",
        tags: Object.fromEntries(Array.from({ length: count }, (_, i) => [`own-${i}`, "x"])),
      },
    });
  const [fits] = await plansOf(tagged(5), observed);
  expect(fits?.blockers).toEqual([]);
  const [exceeds] = await plansOf(tagged(6), observed);
  expect([exceeds?.actions, exceeds?.blockers]).toEqual([
    [],
    [
      {
        reason: "QuotaExceeded",
        message:
          "spec.tags: the role would have 51 tags, those of other clients included, and IAM allows 50. Remove some from spec.tags or spec.roleTags, or in IAM.",
      },
    ],
  ]);
});
