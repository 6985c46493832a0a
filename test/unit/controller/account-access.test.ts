import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { convergeInOwnAccount, ownAccountOf } from "../../../src/controller/accounts/account-access.ts";
import type { ClassBinding } from "../../../src/controller/classes/class-binding.ts";
import { AccountRegistry } from "../../../src/engine/accounts/account-registry.ts";
import type { AwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { KeyedMutex } from "../../../src/engine/concurrency.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import type { Precondition } from "../../../src/engine/ports.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { aClass, anInstanceProfile, CLUSTER_ID, desiredAbsence, desiredOf } from "../../support/builders.ts";

const OWN = "123456789012";
const OTHER = "210987654321";
const signal = new AbortController().signal;

/** The accounts of a controller whose own credentials belong to {@link OWN}. */
const accounts = new AccountRegistry({
  own: {
    account: {} as AwsAccount,
    identity: {
      accountId: async () => OWN,
      place: async () => ({ accountId: OWN, partition: "aws" }),
      renew: async () => {},
    },
  },
  open: () => {
    throw new Error("no class is opened here");
  },
  monotonicMs: () => 0,
});

/** The guard of an object without a class whose status names the account. */
function guardOf(status: InstanceProfileStatus | undefined): Precondition | undefined {
  const object = anInstanceProfile({ ...(status && { status }) });
  return ownAccountOf(accounts, { binding: { kind: "free", object }, object });
}

describe("an object without a class", () => {
  test("whose status names another account is guarded, because a deleted class may have been for it", async () => {
    await expect(guardOf({ accountId: OTHER })?.(signal)).rejects.toMatchObject({ reason: "ClassAccountChanged" });
    const accepted = { name: "readers", accountId: OTHER, acceptedTime: "2026-01-01T00:00:00.000Z" };
    await expect(guardOf({ class: accepted })?.(signal)).rejects.toMatchObject({ reason: "ClassAccountChanged" });
    await expect(guardOf({ accountId: OWN })?.(signal)).resolves.toBeUndefined();
  });

  test("whose status names no account is not guarded", () => {
    expect(guardOf(undefined)).toBeUndefined();
    expect(guardOf({ observedGeneration: 1 })).toBeUndefined();
  });
});

test("an object with a class is not guarded: its class names the account", () => {
  const object = anInstanceProfile({ status: { accountId: OTHER } });
  const of = aClass();
  const bounds = { class: of, namespace: "team-a", clusterId: CLUSTER_ID, olderPeers: 0 };
  const common = { kind: "bound", class: of, object, bounds, violations: [] } as const;
  const binding: ClassBinding = { ...common, isStripped: false, isAccepted: true };
  expect(ownAccountOf(accounts, { binding, object })).toBeUndefined();
});

describe("a guarded reconcile", () => {
  let iam: FakeIam;
  let preconditions: number;
  beforeEach(() => {
    iam = new FakeIam();
    preconditions = 0;
  });

  function converge(desired: DesiredState, guard: Precondition | undefined) {
    const deps = {
      reader: iam,
      writer: iam,
      recentWrites: new RecentWrites({ windowMs: 0, monotonicMs: () => 0 }),
      adoptions: new KeyedMutex(),
      instances: withoutInstances(),
      precondition: async () => {
        preconditions += 1;
      },
      isAnnounced: () => true,
    };
    return convergeInOwnAccount(desired, deps, guard, signal);
  }

  const foreign = guardOf({ accountId: OTHER });
  const kinds = (): readonly string[] => iam.writes.map(({ kind }) => kind);

  test("creates nothing while the entities may exist in another account", async () => {
    const { report } = await converge(desiredOf(), foreign);
    expect(report.failed).toMatchObject({ action: { kind: "CreateRole" }, error: { reason: "ClassAccountChanged" } });
    expect(kinds()).toEqual([]);
  });

  test("does not create an instance profile beside the role either", async () => {
    await converge(desiredOf(), undefined);
    iam.outsider(({ roles }) => ({ roles, instanceProfiles: {} }));
    iam.writes.length = 0;
    const { report } = await converge(desiredOf(), foreign);
    expect(report.failed).toMatchObject({ action: { kind: "CreateInstanceProfile" } });
    expect(kinds()).toEqual([]);
  });

  test("does not take absent entities for deleted", async () => {
    await expect(converge(desiredAbsence(), foreign)).rejects.toMatchObject({ reason: "ClassAccountChanged" });
    await expect(converge(desiredAbsence(), guardOf({ accountId: OWN }))).resolves.toBeDefined();
  });

  test("changes and deletes what it finds, which the owner tags prove, whatever the account", async () => {
    await converge(desiredOf(), undefined);
    await converge(desiredOf({ description: "changed" }), foreign);
    expect(kinds().at(-1)).toBe("UpdateRole");
    await converge(desiredAbsence(), foreign);
    expect(kinds().at(-1)).toBe("DeleteRole");
    expect(iam.account).toEqual({ roles: {}, instanceProfiles: {} });
  });

  test("still checks the object before each write", async () => {
    await converge(desiredOf(), guardOf({ accountId: OWN }));
    expect(kinds()).toHaveLength(4);
    expect(preconditions).toBeGreaterThanOrEqual(2 * 4);
  });
});
