import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileSpec, ObjectMeta } from "../../../src/api/instance-profile.ts";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { type ScanSubject, subjectOf, type Verdict, verdictOf } from "../../../src/controller/scan/scan-verdict.ts";
import type { AccountSnapshot } from "../../../src/engine/observe/account-snapshot.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { classify } from "../../../src/status/result.ts";
import { summarize } from "../../../src/status/summarize.ts";
import {
  aClass,
  anInstanceProfile,
  aPolicy,
  asStored,
  CLUSTER_ID,
  type CreatedState,
  createdState,
  desiredOf,
  PLACE,
} from "../../support/builders.ts";

const WINDOW_MS = 120_000;
const NOW = "2026-01-01T00:00:00.000Z";
const CREATED = createdState();

let nowMs: number;
let recentWrites: RecentWrites;
beforeEach(() => {
  nowMs = 1_000;
  recentWrites = new RecentWrites({ windowMs: WINDOW_MS, monotonicMs: () => nowMs });
});

/** The object with the status that a reconcile gives it when AWS has this state. */
function reported(
  { spec = {}, metadata = {} }: { spec?: Partial<InstanceProfileSpec>; metadata?: Partial<ObjectMeta> } = {},
  after: CreatedState = createdState(spec),
): InstanceProfile {
  const object = anInstanceProfile({ spec, metadata: { finalizers: [FINALIZER], ...metadata } });
  const plan = diff(desiredOf(spec), after);
  const outcome: Outcome =
    object.spec.mode === "DryRun"
      ? { kind: "previewed", plan, observed: after, visibleInMs: 0 }
      : { kind: "converged", plan, applied: [], failed: undefined, after, visibleInMs: 0 };
  const facts = { now: NOW, random: 0, intervals: DEFAULT_REQUEUE_INTERVALS, failures: 0 };
  const { status } = summarize(object, classify(object, outcome), {
    ...facts,
    compliance: undefined,
    accepted: undefined,
  });
  return { ...object, status };
}

/** An object whose create may have been interrupted: it has the finalizer and no status. */
const INTERRUPTED = anInstanceProfile({ metadata: { finalizers: [FINALIZER] } });

function subject(object: InstanceProfile, isFirstScan = false, classes: readonly InstanceProfileClass[] = []) {
  const raw = (one: object): KubeObject => one as KubeObject;
  const stored = asStored(object);
  const resolver = new ClassResolver({
    classes: () => classes.map(raw),
    objects: objectsOfList(() => [stored]),
    clusterId: CLUSTER_ID,
    own: () => ({ place: PLACE, variables: {} }),
  });
  return subjectOf(stored, { classes: resolver, clusterId: CLUSTER_ID }, isFirstScan);
}

/** The verdict by a scan that saw this state. */
function verdict(
  object: InstanceProfile,
  { role, instanceProfile, managedPolicies = [] }: Partial<CreatedState> = CREATED,
  isFirst = false,
): Verdict {
  const { tags: _, ...listed } = instanceProfile ?? CREATED.instanceProfile;
  const snapshot = {
    roles: new Map(role === undefined ? [] : [["app", role]]),
    instanceProfiles: new Map(instanceProfile === undefined ? [] : [["app", listed]]),
    policies: new Map(managedPolicies.map((policy) => [policy.arn, { ...policy, attachments: 1, boundaries: 0 }])),
  } as unknown as AccountSnapshot;
  const context = { recentWrites, intervals: DEFAULT_REQUEUE_INTERVALS, now: NOW };
  return verdictOf(subject(object, isFirst) as ScanSubject, snapshot, context);
}

const OTHER_TAGS = { ...CREATED.role.tags, "iam.instanceprofile.dev/name": "other" };
const OWNED_BY_ANOTHER = { ...CREATED, role: { ...CREATED.role, tags: OTHER_TAGS } };
const drifted = { ...CREATED, role: { ...CREATED.role, description: "drift" } };

describe("a scan compares an object", () => {
  test("that was in sync at its last reconcile", () => {
    expect(subject(reported())).toMatchObject({ key: "team-a/app", isInterruptedCreate: false });
  });

  test("that is a dry run", () => {
    expect(subject(reported({ spec: { mode: "DryRun" } }))).toBeDefined();
  });

  test("whose create was interrupted, in the first scan only", () => {
    expect(subject(INTERRUPTED, true)).toMatchObject({ isInterruptedCreate: true });
    expect(subject(INTERRUPTED)).toBeUndefined();
  });
});

describe("a scan leaves to a reconcile an object", () => {
  const { status } = reported();

  test.each<[string, InstanceProfile]>([
    ["that was never reported", anInstanceProfile()],
    ["whose spec was edited since", { ...reported(), metadata: { ...reported().metadata, generation: 2 } }],
    ["that was blocked", reported({}, OWNED_BY_ANOTHER)],
    ["that is suspended", { ...reported(), spec: { ...reported().spec, suspend: true } }],
    ["that is in deletion", { ...reported(), metadata: { ...reported().metadata, deletionTimestamp: NOW } }],
    ["whose spec is not valid", { ...reported(), spec: { ...reported().spec, roleName: "" } }],
  ])("%s", (_, object) => {
    expect(subject(object)).toBeUndefined();
  });

  test("whose class is missing, or no longer allows it", () => {
    const named = { ...anInstanceProfile({ spec: { className: "readers" } }), status } as InstanceProfile;
    expect(subject(named, false, [aClass()])).toBeDefined();
    expect(subject(named)).toBeUndefined();
    expect(subject(named, false, [aClass({ allowedActions: ["ec2:*"] })])).toBeUndefined();
  });
});

describe("an object is in sync", () => {
  test("when AWS and its status are as a reconcile would leave them", () => {
    expect(verdict(reported())).toMatchObject({ kind: "in sync" });
  });

  test("as a dry run, also when AWS differs from the spec as its status says", () => {
    expect(verdict(reported({ spec: { mode: "DryRun" } }, drifted), drifted)).toMatchObject({ kind: "in sync" });
  });
});

describe("by a scan without the descriptions of managed policies, an object whose policy has one", () => {
  const ARN = "arn:aws:iam::123456789012:policy/big";
  const S3_READ = { effect: "Allow", actions: ["s3:Get*"], resources: ["*"] } as const;
  const described = (description: string): Partial<InstanceProfileSpec> => ({
    managedPolicies: [{ ...aPolicy([S3_READ], "big", "spec.managedPolicies[0].statements"), description }],
  });
  const created = createdState(described("as created"));
  const withoutDescriptions = (state: CreatedState): CreatedState => ({
    ...state,
    managedPolicies: (state.managedPolicies ?? []).map(({ description: _, ...policy }) => policy),
  });

  test.each(["as created", "edited"])(
    "%j is in sync, whether its status says that IAM keeps another one or not",
    (text) => {
      const object = reported({ spec: described(text) }, created);
      expect(JSON.stringify(object.status).includes("keeps its description")).toBe(text === "edited");
      expect(verdict(object, withoutDescriptions(created))).toMatchObject({ kind: "in sync" });
      expect(verdict(object, created)).toMatchObject({ kind: "in sync" });
    },
  );

  test("is different by its role, and its policy is read again too, so that the status does not lose what it says", () => {
    const seen = withoutDescriptions({ ...created, role: { ...created.role, description: "drift" } });
    expect(verdict(reported({ spec: described("edited") }, created), seen)).toMatchObject({
      kind: "different",
      observation: { toReread: new Set(["role", `managed policy ${ARN}`]) },
    });
  });
});

describe("an object is different", () => {
  test("when AWS differs, and the verdict names what must be read again", () => {
    expect(verdict(reported(), drifted)).toMatchObject({
      kind: "different",
      observation: { observed: { role: { description: "drift" } }, toReread: new Set(["role"]) },
    });
  });

  test("when the role or the instance profile is gone", () => {
    expect(verdict(reported(), { instanceProfile: CREATED.instanceProfile })).toMatchObject({ kind: "different" });
    expect(verdict(reported(), { role: CREATED.role })).toMatchObject({ kind: "different" });
  });

  test("when the role has the owner tags of another object: then everything is read again", () => {
    expect(verdict(reported(), OWNED_BY_ANOTHER)).toMatchObject({
      kind: "different",
      observation: { toReread: "everything" },
    });
  });

  test("when only its status differs, for example by the id of a role that was created again", () => {
    const role = { ...CREATED.role, roleId: "AROAOTHER" };
    expect(verdict(reported(), { ...CREATED, role })).toMatchObject({
      kind: "different",
      observation: { toReread: new Set() },
    });
  });

  test("as a dry run, when its status no longer says what AWS has", () => {
    expect(verdict(reported({ spec: { mode: "DryRun" } }), drifted)).toMatchObject({ kind: "different" });
  });

  test("when its create was interrupted, whatever AWS has, and its instance profile must be read for its tags", () => {
    expect(verdict(INTERRUPTED, CREATED, true)).toMatchObject({
      kind: "different",
      observation: { isOfInterruptedCreate: true, toReread: new Set(["instance profile"]) },
    });
  });
});

test("an object is propagating while IAM may lag behind a recent write, and not different", () => {
  const object = reported({ spec: { description: "new" } });
  const write = {
    kind: "UpdateRole",
    roleName: "app",
    description: "new",
    maxSessionDurationSeconds: 3600,
    changes: [],
  } as const;
  const report = { applied: [{ action: write, outcome: { created: undefined } }], failed: undefined, refused: [] };
  recentWrites.record(CREATED, report);
  expect(verdict(object)).toEqual({ kind: "propagating" });
  nowMs += WINDOW_MS;
  expect(verdict(object)).toMatchObject({ kind: "different" });
});
