import { beforeEach, describe, expect, test } from "vitest";
import type { AccountSnapshot } from "../../../src/engine/observe/account-snapshot.ts";
import { type IndexQuery, SnapshotIndex, type StartingPoint } from "../../../src/engine/observe/snapshot-index.ts";
import type { StaleObservation } from "../../../src/engine/observe/stale-observation.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { BlockedError, ConflictError } from "../../../src/errors.ts";
import type { DesiredPresent } from "../../../src/model/desired-state.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { desiredAbsence, desiredOf, NOTHING } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

const { signal } = new AbortController();
const QUARTER_MS = 900_000;
const NEW: IndexQuery = { key: "default/app", uid: "uid-1", generation: 1, isNew: true, isUserWaiting: true };
const RESYNC: IndexQuery = { ...NEW, isNew: false, isUserWaiting: false };

let nowMs: number;
let index: SnapshotIndex;
beforeEach(() => {
  nowMs = 0;
  index = new SnapshotIndex(() => nowMs);
});

/** A scan of an account with roles and instance profiles of these names. */
function scan(roles: readonly string[] = [], instanceProfiles: readonly string[] = []): void {
  const on = { inlinePolicyNames: ["app"], managedPolicyArns: [] };
  index.replace({
    roles: new Map(roles.map((name) => [name, on])),
    holders: new Map(roles.map((name) => [name, [`${name}-profile`]])),
    instanceProfiles: new Map(),
    takenAtMs: nowMs,
    names: { roles: new Set(roles), instanceProfiles: new Set(instanceProfiles), listedAtMs: nowMs },
  } as unknown as AccountSnapshot);
}

const startOf = (spec: Parameters<typeof desiredOf>[0] = {}, query: IndexQuery = NEW): StartingPoint =>
  index.startingPoint(desiredOf(spec), query);
const isAbsent = (spec: Parameters<typeof desiredOf>[0] = {}, query: IndexQuery = NEW): boolean =>
  startOf(spec, query).kind === "absent";

describe("a new object starts from absence", () => {
  test("when a scan found neither of its names, and not before the first scan", () => {
    expect(isAbsent()).toBe(false);
    scan(["other"], ["other"]);
    expect(isAbsent()).toBe(true);
  });

  test("not when the scan found the role or the instance profile, in any case of its name", () => {
    scan(["app"], ["front"]);
    expect(isAbsent({ roleName: "App", instanceProfileName: "new" })).toBe(false);
    expect(isAbsent({ roleName: "new", instanceProfileName: "FRONT" })).toBe(false);
    expect(isAbsent({ roleName: "front", instanceProfileName: "app" })).toBe(true);
  });

  test("not when something was created for it before, and not when it may adopt", () => {
    scan();
    expect(isAbsent({}, { ...NEW, isNew: false })).toBe(false);
    expect(index.startingPoint({ ...desiredOf(), mayAdopt: true }, NEW).kind).toBe("unknown");
    expect(isAbsent()).toBe(true);
  });

  test("once, until the next scan: the second object with the name reads", () => {
    scan();
    expect(isAbsent({ roleName: "a", instanceProfileName: "b" })).toBe(true);
    expect(isAbsent({ roleName: "A", instanceProfileName: "c" })).toBe(false);
    expect(isAbsent({ roleName: "d", instanceProfileName: "B" })).toBe(false);
    scan();
    expect(isAbsent({ roleName: "a", instanceProfileName: "b" })).toBe(true);
  });

  test("for 15 minutes", () => {
    scan();
    nowMs = QUARTER_MS - 1;
    expect(isAbsent({ roleName: "a" })).toBe(true);
    nowMs = QUARTER_MS;
    expect(isAbsent({ roleName: "b" })).toBe(false);
  });
});

describe("an object that differs by a scan starts from the scan's observation", () => {
  const observation: StaleObservation = { observed: NOTHING, toReread: "everything" };
  const record = (more: Partial<StaleObservation> = {}): void =>
    index.record(NEW.key, NEW, { ...observation, ...more }, nowMs);

  test("once, for 30 seconds", () => {
    record();
    expect(startOf({}, RESYNC)).toMatchObject({ kind: "observed", observation });
    expect(startOf({}, RESYNC).kind).toBe("unknown");
    record();
    nowMs += 30_000;
    expect(startOf({}, RESYNC).kind).toBe("unknown");
  });

  test.each<[string, Partial<IndexQuery>]>([
    ["a user waits for it", { isUserWaiting: true }],
    ["it is another object of the name", { uid: "uid-2" }],
    ["its spec was edited since", { generation: 2 }],
    ["it is another object", { key: "default/other" }],
  ])("not when %s", (_, change) => {
    record();
    expect(startOf({}, { ...RESYNC, ...change }).kind).toBe("unknown");
  });

  test("also while a user waits, when an earlier process was creating it", () => {
    record({ isOfInterruptedCreate: true });
    expect(startOf({}, { ...RESYNC, isUserWaiting: true }).kind).toBe("observed");
  });

  test("but from absence when an earlier process was creating it and nothing exists", () => {
    scan();
    record({ isOfInterruptedCreate: true });
    expect(isAbsent({}, RESYNC)).toBe(true);
  });

  test("not once it was observed in sync", () => {
    record();
    index.forget(NEW.key);
    expect(startOf({}, RESYNC).kind).toBe("unknown");
  });
});

describe("a deletion starts from the parts of the role", () => {
  const start = (roleName = "app"): StartingPoint => index.startingPoint(desiredAbsence({ roleName }), RESYNC);

  test("once, for 15 minutes, in any case of the role name", () => {
    scan(["app"]);
    expect(start("APP")).toEqual({
      kind: "parts",
      parts: { inlinePolicyNames: ["app"], managedPolicyArns: [], instanceProfileNames: ["app-profile"] },
    });
    expect(start().kind).toBe("unknown");
    scan(["app"]);
    nowMs += QUARTER_MS;
    expect(start().kind).toBe("unknown");
  });

  test("not once the controller has written the role", () => {
    scan(["app"]);
    index.forgetRole(desiredOf());
    expect(start().kind).toBe("unknown");
  });
});

describe("a create that starts without a read", () => {
  const iamCalls: string[] = [];
  function pass(iam: FakeIam, desired: DesiredPresent = desiredOf()) {
    iamCalls.length = 0;
    iam.beforeRead = async () => {
      iamCalls.push("read");
    };
    const start = index.startingPoint(desired, NEW);
    return converge(desired, convergeDependencies(iam, { start }), signal);
  }

  test("is no failure when the role exists: the read that follows decides", async () => {
    const iam = new FakeIam();
    iam.outsiderMakesRole("app");
    scan();
    const { plan, report } = await pass(iam);
    expect(plan.blockers.map(({ reason }) => reason)).toEqual(["AlreadyExists"]);
    expect(report).toEqual({ applied: [], failed: undefined, refused: [] });
    expect(iam.writes).toEqual([]);
  });

  test("fails for any other reason, without further writes", async () => {
    const iam = new FakeIam();
    iam.fate = () => new BlockedError("no", { reason: "AccessDenied" });
    scan();
    const { report } = await pass(iam);
    expect(report.failed).toMatchObject({ action: { kind: "CreateRole" }, error: { reason: "AccessDenied" } });
    expect(iamCalls).toEqual([]);
  });

  test("stops after CreateRole when the instance profile is taken, as any create does", async () => {
    const iam = new FakeIam();
    const taken = new ConflictError("it is there already", { reason: "EntityAlreadyExists" });
    iam.fate = ({ kind }) => (kind === "CreateInstanceProfile" ? taken : "do");
    scan();
    const { report } = await pass(iam);
    expect(report.failed).toMatchObject({ action: { kind: "CreateInstanceProfile" } });
    expect(iam.writes.map(({ kind }) => kind)).toEqual(["CreateRole", "PutRolePolicy"]);
  });
});
