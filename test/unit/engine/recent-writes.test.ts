import { beforeEach, describe, expect, test } from "vitest";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { observeAndPlan } from "../../../src/engine/reconcile/observe-and-plan.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { desiredAbsence, desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

const WINDOW_MS = 120_000;
const SIGNAL = new AbortController().signal;

let iam: FakeIam;
let nowMs: number;
let recentWrites: RecentWrites;

beforeEach(() => {
  iam = new FakeIam();
  nowMs = 1_000;
  recentWrites = new RecentWrites({ windowMs: WINDOW_MS, monotonicMs: () => nowMs });
});

function pass(desired: DesiredState, { isRequested = false } = {}) {
  return converge(desired, convergeDependencies(iam, { isRequested, recentWrites }), SIGNAL);
}

function look(desired: DesiredState) {
  return observeAndPlan(desired, { reader: iam, recentWrites, instances: withoutInstances() }, SIGNAL);
}

function outsiderDescribes(description: string): void {
  iam.outsider(({ roles: { app }, instanceProfiles }) => ({
    roles: app ? { app: { ...app, description } } : {},
    instanceProfiles,
  }));
}

const kinds = (): string[] => iam.writes.map(({ kind }) => kind);
const reads = (description: string) => desiredOf({ description });

describe("a read that lags behind recent writes", () => {
  test("does not repeat a create", async () => {
    await pass(desiredOf());
    iam.lag = 4;
    const { plan, visibleInMs, after } = await pass(desiredOf());
    expect(plan.actions).toEqual([]);
    expect(visibleInMs).toBe(WINDOW_MS);
    expect(after.role).toMatchObject({ roleId: "AROA1" });
    expect(kinds()).toEqual(["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"]);
  });

  test("of any age within the window does not revert the last of several quick edits", async () => {
    await pass(reads("a"));
    for (const description of ["b", "a", "b", "a"]) await pass(reads(description));
    const before = iam.writes.length;
    for (iam.lag = 0; iam.lag <= before; iam.lag++) expect((await look(reads("a"))).plan.actions).toEqual([]);
    expect(iam.role("app")).toMatchObject({ description: "a" });
  });

  test("of any age does not release an object that was deleted and created again", async () => {
    await pass(desiredOf());
    await pass(desiredAbsence());
    await pass(desiredOf({}, { uid: "uid-2" }));
    for (iam.lag = 0; iam.lag <= 12; iam.lag++) {
      const again = await look(desiredOf({}, { uid: "uid-2" }));
      expect(again.plan.actions, `lag ${iam.lag}`).toEqual([]);
      expect(again.view.role).toMatchObject({ roleId: "AROA3" });
    }
  });

  test("counts when the window ends, and not before", async () => {
    await pass(desiredOf());
    iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
    nowMs += WINDOW_MS - 1;
    expect(await look(desiredOf())).toMatchObject({ plan: { actions: [] }, visibleInMs: 1 });
    nowMs += 1;
    expect(await look(desiredOf())).toMatchObject({ visibleInMs: 0 });
    expect((await look(desiredOf())).plan.actions.map(({ kind }) => kind)).toContain("CreateRole");
  });

  test("causes no wait when it agrees with the writes", async () => {
    expect(await pass(desiredOf())).toMatchObject({ visibleInMs: 0 });
    expect(await look(desiredOf())).toMatchObject({ plan: { actions: [] }, visibleInMs: 0 });
  });
});

describe("a change by another client within the window", () => {
  test("a role that replaced the object's role is not owned: nothing is written to it", async () => {
    const mayAdopt = { adoptionPolicy: "IfExists" as const };
    iam.outsiderMakesRole("app");
    await pass(desiredOf(mayAdopt));
    const ours = iam.role("app");
    expect(Object.keys(ours?.tags ?? {})).toContain("iam.instanceprofile.dev/cluster-id");
    iam.outsiderMakesRole("app");
    const before = iam.writes.length;
    const { plan } = await pass(desiredOf({ description: "edited" }));
    expect(plan.blockers.map(({ reason }) => reason)).toEqual(["AlreadyExists"]);
    expect(iam.writes.length).toBe(before);
  });

  test("a role that was created after the object's role was deleted is observed as it is, and left when the object is deleted", async () => {
    await pass(desiredOf());
    await pass(desiredAbsence());
    iam.outsiderMakesRole("app");
    const { plan, visibleInMs } = await look(desiredAbsence());
    expect(plan).toMatchObject({ actions: [], blockers: [] });
    expect(visibleInMs).toBe(0);
    expect((await look(desiredOf())).plan.blockers.map(({ reason }) => reason)).toEqual(["AlreadyExists"]);
  });

  test("a profile that replaced the object's profile is not owned", async () => {
    await pass(desiredOf());
    iam.outsider(({ roles, instanceProfiles }) => {
      const { app } = instanceProfiles;
      return { roles, instanceProfiles: app ? { app: { ...app, id: "AIPA-other", tags: {} } } : {} };
    });
    const { plan } = await look(desiredOf());
    expect(plan.blockers.map(({ message }) => message.split(" ").slice(0, 3).join(" "))).toEqual([
      "instance profile app",
    ]);
  });

  test("a value that the controller neither wrote nor replaced is repaired at once", async () => {
    await pass(reads("first"));
    await pass(reads("ours"));
    outsiderDescribes("theirs");
    expect(await pass(reads("ours"))).toMatchObject({ visibleInMs: 0 });
    expect(iam.role("app")).toMatchObject({ description: "ours" });
  });

  test("is repaired while another value lags, which is reported as unseen", async () => {
    await pass(reads("ours"));
    await pass(desiredOf({ description: "ours", tags: { team: "a" } }));
    iam.outsider(({ roles: { app }, instanceProfiles }) => {
      const { team: _, ...tags } = app?.tags ?? {};
      return { roles: app ? { app: { ...app, description: "theirs", tags } } : {}, instanceProfiles };
    });
    const { report, visibleInMs, lag } = await pass(desiredOf({ description: "ours", tags: { team: "a" } }));
    expect(report.applied.map(({ action }) => action.kind)).toEqual(["UpdateRole"]);
    expect(visibleInMs).toBe(WINDOW_MS);
    expect(lag?.unseen.map(({ kind }) => kind)).toEqual(["TagRole"]);
  });

  test("back to a value that the controller replaced is repaired at the end of the window", async () => {
    await pass(reads("first"));
    await pass(reads("ours"));
    outsiderDescribes("first");
    const { visibleInMs } = await pass(reads("ours"));
    expect(visibleInMs).toBeGreaterThan(0);
    nowMs += visibleInMs;
    await pass(reads("ours"));
    expect(iam.role("app")).toMatchObject({ description: "ours" });
  });

  test("that the controller repaired is propagation delay when a read shows it again", async () => {
    await pass(reads("ours"));
    outsiderDescribes("theirs");
    await pass(reads("ours"));
    iam.lag = 1;
    const before = iam.writes.length;
    expect(await pass(reads("ours"))).toMatchObject({ visibleInMs: WINDOW_MS });
    expect(iam.writes.length).toBe(before);
  });
});

describe("two objects with one role name", () => {
  const other = { name: "other", uid: "uid-9" };

  test("the second observes the writes of the first, whatever its profile name", async () => {
    await pass(desiredOf());
    iam.lag = 4;
    const second = desiredOf({ instanceProfileName: "another", roleName: "APP" }, other);
    expect((await look(second)).plan.blockers.map(({ reason }) => reason)).toEqual(["OwnedByAnother"]);
  });

  test("its deletion changes nothing of the first", async () => {
    await pass(desiredOf());
    const before = iam.writes.length;
    for (iam.lag = 0; iam.lag <= 4; iam.lag++) await pass(desiredAbsence({}, other));
    expect(iam.writes.length).toBe(before);
  });
});

test("without a window every read counts at once", async () => {
  recentWrites = new RecentWrites({ windowMs: 0, monotonicMs: () => nowMs });
  await pass(desiredOf());
  iam.lag = 4;
  expect(await look(desiredOf())).toMatchObject({ visibleInMs: 0, observed: { role: { presence: "absent" } } });
  expect((await look(desiredOf())).plan.actions.length).toBe(4);
});

test("before the first write there is nothing to wait for", () => {
  const state = { role: { presence: "absent" }, instanceProfile: { presence: "absent" } } as const;
  const { lagsUntilMs, ...overlaid } = recentWrites.overlay(desiredOf(), state);
  expect(lagsUntilMs).toBeUndefined();
  expect(overlaid).toEqual({ state, atMs: nowMs, visibleInMs: 0, hasUnconfirmedCreate: false });
});

describe("a create whose reply was lost", () => {
  const reset = new RetryableError("the connection was reset", { reason: "EndpointUnreachable" });

  async function createAndLoseTheReply(): Promise<void> {
    iam.fate = ({ kind }) => (kind === "CreateRole" ? { doAndThenFail: reset } : "do");
    await pass(desiredOf());
    iam.fate = () => "do";
  }

  test("keeps the object until its role must have propagated", async () => {
    await createAndLoseTheReply();
    iam.lag = 1;
    expect(await look(desiredAbsence())).toMatchObject({ plan: { actions: [] }, visibleInMs: WINDOW_MS });
    iam.lag = 0;
    nowMs += 5_000;
    expect((await pass(desiredAbsence())).plan.actions.map(({ kind }) => kind)).toEqual(["DeleteRole"]);
  });

  test("keeps it also when other writes got a reply", async () => {
    iam.fate = ({ kind }) => (kind === "CreateInstanceProfile" ? { doAndThenFail: reset } : "do");
    await pass(desiredOf());
    iam.fate = () => "do";
    await pass(desiredAbsence());
    expect(await look(desiredAbsence())).toMatchObject({ plan: { actions: [] }, visibleInMs: WINDOW_MS });
    expect(iam.account).toEqual({ roles: {}, instanceProfiles: {} });
  });

  test("does not delay an object that wants the role: the next observation decides", async () => {
    await createAndLoseTheReply();
    expect(await look(desiredOf())).toMatchObject({ visibleInMs: 0 });
  });

  test("is not assumed where IAM has replied", async () => {
    iam.fate = () => new BlockedError("no", { reason: "AccessDenied" });
    await pass(desiredOf());
    expect(await look(desiredAbsence())).toMatchObject({ plan: { actions: [] }, visibleInMs: 0 });
  });

  test("is not assumed for a write that creates nothing", async () => {
    iam.fate = ({ kind }) => (kind === "PutRolePolicy" ? reset : "do");
    await pass(desiredOf());
    iam.fate = () => "do";
    await pass(desiredAbsence());
    expect(await look(desiredAbsence())).toMatchObject({ plan: { actions: [] }, visibleInMs: 0 });
  });
});

test("the recent writes of deleted objects are evicted after the window", async () => {
  for (let i = 0; i < 50; i++) {
    await pass(desiredOf({ roleName: `app-${i}` }));
    nowMs += 10_000;
  }
  // 12 objects fit into the window, each with a role and a profile.
  expect(recentWrites.size).toBeLessThanOrEqual(26);
});

test("what was applied before an abort is recorded", async () => {
  iam.fate = ({ kind }) => (kind === "CreateInstanceProfile" ? new Error("aborted") : "do");
  await pass(desiredOf());
  iam.lag = 2;
  const { plan } = await look(desiredOf());
  expect(plan.actions.map(({ kind }) => kind)).toEqual(["CreateInstanceProfile", "AddRoleToInstanceProfile"]);
});

describe("a requested reconcile whose reads contradict recent writes", () => {
  const requested = (desired: DesiredState) => pass(desired, { isRequested: true });

  beforeEach(async () => {
    await pass(reads("first"));
    await pass(reads("ours"));
    outsiderDescribes("first");
  });

  test("believes three reads that agree over 15 s, and then repairs", async () => {
    for (const atMs of [0, 5_000, 10_000]) {
      nowMs = 1_000 + atMs;
      expect(await requested(reads("ours"))).toMatchObject({ visibleInMs: 15_000 - atMs, lag: { untilMs: 16_000 } });
    }
    nowMs = 16_000;
    expect(await requested(reads("ours"))).toMatchObject({ visibleInMs: 0, report: { applied: [{}] } });
    expect(iam.role("app")).toMatchObject({ description: "ours" });
  });

  test("needs the third read, however late it comes", async () => {
    await requested(reads("ours"));
    nowMs += 20_000;
    expect(await requested(reads("ours"))).toMatchObject({ visibleInMs: 5_000 });
    nowMs += 5_000;
    await requested(reads("ours"));
    expect(iam.role("app")).toMatchObject({ description: "ours" });
  });

  test("starts again when a read shows another state", async () => {
    await pass(desiredOf({ description: "ours", tags: { team: "a" } }));
    await requested(desiredOf({ description: "ours", tags: { team: "a" } }));
    iam.outsider(({ roles: { app }, instanceProfiles }) => {
      const { team: _, ...tags } = app?.tags ?? {};
      return { roles: app ? { app: { ...app, tags } } : {}, instanceProfiles };
    });
    nowMs += 15_000;
    const { visibleInMs } = await requested(desiredOf({ description: "ours", tags: { team: "a" } }));
    expect(visibleInMs).toBe(15_000);
  });

  test("does not wait longer than the window", async () => {
    nowMs = 1_000 + WINDOW_MS - 2_000;
    expect(await requested(reads("ours"))).toMatchObject({ visibleInMs: 2_000 });
  });

  test("of an object in deletion waits for the window: what is not there yet is not deleted", async () => {
    iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
    for (let i = 0; i < 5; i++) {
      await expect(requested(desiredAbsence())).rejects.toMatchObject({ reason: "NotYetVisible" });
      nowMs += 10_000;
    }
  });
});
