import { beforeEach, expect, test } from "vitest";
import { ClaimIndex } from "../../../src/engine/observe/instance-claims.ts";
import type { InstanceObservation } from "../../../src/engine/observe/observe-instances.ts";
import { RegionSnapshots } from "../../../src/engine/observe/region-snapshots.ts";
import { partsToReread, type StaleObservation } from "../../../src/engine/observe/stale-observation.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import type { DesiredPresent, DesiredState } from "../../../src/model/desired-state.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES, withoutInstances } from "../../fakes/no-instances.ts";
import { CLUSTER_ID, desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

/** An instance waits for the profile while a scan of IAM has seen drift on the role, and somebody replaces the profile. */
const REGION = "eu-west-1";
const DESIRED = desiredOf({
  instances: { region: REGION, selector: { matchTags: { app: "web" } }, onConflict: "Keep" },
});

let iam: FakeIam;
const monotonicMs = (): number => 1_000;

beforeEach(async () => {
  iam = new FakeIam();
  await reconcile(DESIRED, []);
  iam.writes.length = 0;
});

function instancesOf(ids: readonly string[]): InstanceObservation {
  const found = ids.map((instanceId) => ({
    instanceId,
    region: REGION,
    state: "running" as const,
    tags: { app: "web" },
    association: undefined,
  }));
  const reader = { ...NO_INSTANCES, readRegion: async () => found };
  const snapshots = new RegionSnapshots({ reader, monotonicMs, propagationWindowMs: 0 });
  const claims = new ClaimIndex({ in: () => [] });
  return { ...withoutInstances(), reader, snapshots, claims, isUserWaiting: false };
}

async function reconcile(
  desired: DesiredState,
  ids: readonly string[],
  observation?: StaleObservation,
): Promise<string> {
  const deps = convergeDependencies(iam, {
    instances: instancesOf(ids),
    ...(observation && { start: { kind: "observed", observation } as const }),
  });
  const { plan } = await converge(desired, deps, new AbortController().signal);
  return plan.blockers.map(({ reason }) => reason).join(" ");
}

/** What a scan saw of the account: the lists tell the tags of roles, and are taken to be right of profiles. */
function scanned(desired: DesiredPresent = DESIRED): StaleObservation {
  const { roles, instanceProfiles } = iam.account;
  const { instanceProfileName } = desired.instanceProfile;
  const observed = { role: roles["app"] ?? ABSENT, instanceProfile: instanceProfiles[instanceProfileName] ?? ABSENT };
  return { observed, toReread: partsToReread(diff(desired, observed), desired) };
}

function edit(description: string): void {
  iam.outsider(({ roles: { app }, instanceProfiles }) => ({
    roles: app ? { app: { ...app, description } } : {},
    instanceProfiles,
  }));
}

function replaceProfile(tags: Readonly<Record<string, string>>): void {
  iam.outsider(({ roles, instanceProfiles: { app } }) => ({
    roles,
    instanceProfiles: app ? { app: { ...app, id: "AIPA-other", tags, roleName: "theirs" } } : {},
  }));
}

test.each([
  ["without tags", {}, "AlreadyExists"],
  ["with another object's tags", { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.name]: "other" }, "OwnedByAnother"],
])("a profile that is replaced by one %s is not put on the instance", async (_what, tags, reason) => {
  edit("mine");
  const observation = scanned();
  replaceProfile(tags);
  expect(await reconcile(DESIRED, ["i-1"], observation)).toBe(reason);
  expect(iam.writes).toEqual([]);
});

test("the very profile is put on the instance, and the role is repaired", async () => {
  edit("mine");
  await reconcile(DESIRED, ["i-1"], scanned());
  expect(iam.writes.map(({ kind }) => kind)).toEqual(["UpdateRole", "CreateTags", "AssociateIamInstanceProfile"]);
});

test("the tags of the profile are not repaired once another cluster has adopted the role, although the scan saw it as owned", async () => {
  iam.outsider(({ roles, instanceProfiles: { app } }) => ({
    roles,
    instanceProfiles: app ? { app: { ...app, tags: { ...app.tags, [TAG_KEYS.applied]: "" } } } : {},
  }));
  const observation = scanned();
  expect(observation.toReread).toEqual(new Set(["role", "instance profile"]));
  iam.outsider(({ roles: { app }, instanceProfiles }) => ({
    roles: app ? { app: { ...app, tags: { ...app.tags, [TAG_KEYS.clusterId]: "c", [TAG_KEYS.uid]: "uid-c" } } } : {},
    instanceProfiles,
  }));
  expect(await reconcile(DESIRED, [], observation)).toBe("OwnedByAnother");
  expect(iam.writes).toEqual([]);
});

test("the role of another cluster is not adopted out of an instance profile that the scan did not show to hold it", async () => {
  iam.outsider(({ roles: { app }, instanceProfiles }) => ({
    roles: app ? { app: { ...app, tags: { ...app.tags, [TAG_KEYS.clusterId]: "a", [TAG_KEYS.uid]: "uid-a" } } } : {},
    instanceProfiles,
  }));
  const desired = { ...desiredOf({ roleName: "app", instanceProfileName: "mine" }), handOver: { from: "a" } };
  const observation = { ...scanned(desired), isOfInterruptedCreate: true };
  expect(await reconcile(desired, [], observation)).toBe("InstancesUseProfile");
  expect(iam.writes).toEqual([]);
});
