import { describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { ClaimsByAccount } from "../../../src/controller/accounts/instance-claims.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { compareClaims } from "../../../src/model/instances/instance-claim.ts";
import { aClass, anInstanceProfile, asStored, CLUSTER_ID } from "../../support/builders.ts";

const INSTANCES = { region: "eu-west-1", onConflict: "Replace" as const, selector: { matchTags: { app: "web" } } };
const GET = { effect: "Allow" as const, actions: ["s3:GetObject"], resources: ["*"] };
const IAM = { effect: "Allow" as const, actions: ["iam:*"], resources: ["*"] };
const CREATED = { instanceProfile: { arn: "arn:aws:iam::123456789012:instance-profile/x", id: "AIPA1" } };

function stalled(reason: string): Pick<InstanceProfileStatus, "conditions"> {
  const times = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };
  return { conditions: [{ type: "Stalled", status: "True", reason, message: reason, ...times }] };
}

function asking(name: string, overrides: Parameters<typeof anInstanceProfile>[0] = {}): InstanceProfile {
  const { spec, metadata, status } = overrides;
  return anInstanceProfile({
    metadata: { name, uid: `uid-${name}`, creationTimestamp: "2026-01-01T00:00:05Z", ...metadata },
    spec: { className: "readers", statements: [GET], instances: INSTANCES, ...spec },
    ...(status && { status }),
  });
}

/** The names of the objects that claim instances, the one that wins first. */
function claimants(objects: readonly InstanceProfile[], classes: readonly object[] = [OPEN]): readonly string[] {
  return open(objects, () => classes)();
}

function open(objects: readonly InstanceProfile[], classes: () => readonly object[]): () => readonly string[] {
  const raw = objects.map(asStored);
  const directory = new ClassResolver({
    classes: () => classes() as readonly KubeObject[],
    objects: objectsOfList(() => raw),
    clusterId: CLUSTER_ID,
  });
  const accounts = new ClaimsByAccount({
    objects: () => raw,
    accountOf: (one) => directory.accountOf(one),
    clusterId: CLUSTER_ID,
    rules: directory.claimRules,
  });
  const { claims } = accounts.of("123456789012");
  return () => [...claims.in("eu-west-1")].sort(compareClaims).map(({ key }) => key.slice(key.indexOf("/") + 1));
}

const OPEN = aClass({ allowedInstanceRegions: ["*"] });

describe("An object that may not be written claims no instance of another", () => {
  test.each<[string, InstanceProfile]>([
    ["grants more than its class allows", asking("old", { spec: { statements: [IAM] } })],
    ["is of a class that does not exist", asking("old", { spec: { className: "nobody" } })],
    ["is of a namespace that the class is not for", asking("old", { metadata: { namespace: "stranger" } })],
    ["asks for a role that exists and is another's", asking("old", { status: stalled("AlreadyExists") })],
    ["asks for a name that another object owns", asking("old", { status: stalled("OwnedByAnother") })],
    ["is suspended before it has an instance profile", asking("old", { spec: { suspend: true } })],
    ["is a dry run without an instance profile", asking("old", { spec: { mode: "DryRun" } })],
  ])("when it %s, however old it is", (_, old) => {
    const older = { ...old, metadata: { ...old.metadata, creationTimestamp: "2020-01-01T00:00:00Z" } };
    expect(
      claimants([older, asking("young")], [aClass({ allowedInstanceRegions: ["*"], namespaces: ["team-*"] })]),
    ).toEqual(["young"]);
  });

  test("when its class strips its instances from it", () => {
    const closed = aClass({ allowedInstanceRegions: [], onViolation: "Strip" });
    expect(claimants([asking("old", { status: CREATED })], [closed])).toEqual([]);
  });

  test("from the moment on in which its class is narrowed", () => {
    let now: readonly object[] = [OPEN];
    const names = open([asking("old"), asking("young")], () => now);
    expect(names()).toEqual(["old", "young"]);
    now = [aClass({ allowedInstanceRegions: ["*"], namespaces: ["other"] }, { metadata: { generation: 2 } })];
    expect(names()).toEqual([]);
  });
});

describe("A claim that counts", () => {
  test("is that of an object with an instance profile, also while something blocks it", () => {
    const status = { ...CREATED, ...stalled("NotConverging") };
    expect(claimants([asking("old", { status })])).toEqual(["old"]);
  });

  test.each([{ suspend: true }, { mode: "DryRun" as const }])("stays one under %j once there is a profile", (spec) => {
    expect(claimants([asking("old", { spec, status: CREATED })])).toEqual(["old"]);
  });

  test("comes before that of a younger object; of two of one second the uid decides, which no author chooses", () => {
    const older = asking("z", { metadata: { creationTimestamp: "2026-01-01T00:00:01Z" } });
    expect(claimants([asking("a"), older])).toEqual(["z", "a"]);
    const twins = [asking("a", { metadata: { uid: "uid-2" } }), asking("b", { metadata: { uid: "uid-1" } })];
    expect(claimants(twins)).toEqual(["b", "a"]);
  });
});
