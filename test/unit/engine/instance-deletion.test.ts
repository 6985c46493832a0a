import { beforeEach, expect, test } from "vitest";
import type { InstanceReader } from "../../../src/engine/instance-ports.ts";
import { ClaimIndex } from "../../../src/engine/observe/instance-claims.ts";
import { ProfileUsage } from "../../../src/engine/observe/profile-usage.ts";
import { RegionSnapshots } from "../../../src/engine/observe/region-snapshots.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import type { InstanceFacts } from "../../../src/model/instances/instance.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES, withoutInstances } from "../../fakes/no-instances.ts";
import { desiredAbsence, desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

/** Before an instance profile is deleted, EC2 must have said who uses it: what cannot be read is not taken for nothing. */
const REGION = "eu-west-1";
const INSTANCES = { region: REGION, selector: { matchTags: { app: "web" } }, onConflict: "Keep" } as const;
const NO_REPLY = new RetryableError("no reply from ec2", { reason: "EndpointUnreachable" });
const DENIED = new BlockedError("not authorized to perform ec2:DescribeInstances", { reason: "AccessDenied" });
const web: InstanceFacts = {
  instanceId: "i-1",
  region: REGION,
  state: "running",
  tags: { app: "web" },
  association: undefined,
};

let iam: FakeIam;
let nowMs: number;
let readRegion: () => Promise<readonly InstanceFacts[]>;
let findUsers: () => Promise<readonly InstanceFacts[]>;
let snapshots: RegionSnapshots;
const reader: InstanceReader = {
  ...NO_INSTANCES,
  readRegion: () => readRegion(),
  findUsers: () => findUsers(),
  listAssociations: async () => (await findUsers()).map(({ instanceId }) => ({ instanceId, profileArn: "" })),
};
const monotonicMs = (): number => nowMs;

beforeEach(async () => {
  iam = new FakeIam();
  nowMs = 1_000;
  readRegion = async () => [web];
  findUsers = async () => [];
  snapshots = new RegionSnapshots({ reader, monotonicMs, propagationWindowMs: 0 });
  await reconcile(desiredOf({ instances: INSTANCES }));
  expect(iam.writes.at(-1)?.kind).toBe("AssociateIamInstanceProfile");
  iam.writes.length = 0;
  nowMs += 3_600_000;
});

/** The reasons for which a reconcile stopped. */
async function reconcile(desired: DesiredState): Promise<string> {
  const claims = new ClaimIndex({ in: () => [] });
  const deps = convergeDependencies(iam, {
    instances: { ...withoutInstances(), reader, snapshots, claims, usage: new ProfileUsage({ reader, monotonicMs }) },
  });
  return converge(desired, deps, new AbortController().signal).then(
    ({ plan }) => plan.blockers.map(({ reason }) => reason).join(" "),
    (error: { readonly reason: string }) => error.reason,
  );
}

test("a region with associations that cannot be read blocks the deletion, also without permission", async () => {
  for (const error of [NO_REPLY, DENIED]) {
    readRegion = () => Promise.reject(error);
    expect(await reconcile(desiredAbsence())).toBe(error.reason);
    nowMs += 5_001;
  }
  expect(iam.writes).toEqual([]);
});

test("a search for other users of the profile without a reply blocks the deletion", async () => {
  readRegion = async () => [];
  findUsers = () => Promise.reject(NO_REPLY);
  expect(await reconcile(desiredAbsence())).toBe("EndpointUnreachable");
  expect(iam.writes).toEqual([]);
});

test("a search whose credentials AWS rejects blocks the deletion", async () => {
  readRegion = async () => [];
  findUsers = () => Promise.reject(new BlockedError("AuthFailure", { reason: "CredentialsRejected" }));
  expect(await reconcile(desiredAbsence())).toBe("CredentialsRejected");
  expect(iam.writes).toEqual([]);
});

test("a search that the controller is not authorized for does not", async () => {
  readRegion = async () => [];
  findUsers = () => Promise.reject(DENIED);
  expect(await reconcile(desiredAbsence())).toBe("");
  expect(iam.writes.map(({ kind }) => kind)).toContain("DeleteInstanceProfile");
});

test("a profile whose ARN IAM does not return yet is not deleted, because its users cannot be searched for", async () => {
  readRegion = async () => [];
  iam.outsider(({ roles, instanceProfiles: { app } }) => ({
    roles,
    instanceProfiles: app ? { app: { ...app, arn: app.id } } : {},
  }));
  expect(await reconcile(desiredAbsence())).toBe("NotYetVisible");
  expect(iam.writes).toEqual([]);
});

test("force-delete ignores what cannot be read", async () => {
  readRegion = () => Promise.reject(NO_REPLY);
  findUsers = () => Promise.reject(NO_REPLY);
  expect(await reconcile(desiredAbsence({}, { annotations: { "iam.instanceprofile.dev/force-delete": "true" } }))).toBe(
    "",
  );
  expect(iam.writes.map(({ kind }) => kind)).toContain("DeleteInstanceProfile");
});
