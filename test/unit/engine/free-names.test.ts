import { beforeEach, describe, expect, test } from "vitest";
import { converge } from "../../../src/engine/converge.ts";
import { Exclusive } from "../../../src/engine/exclusive.ts";
import { FreeNames } from "../../../src/engine/free-names.ts";
import { Settling } from "../../../src/engine/settling.ts";
import { BlockedError, ConflictError } from "../../../src/errors.ts";
import type { DesiredPresent } from "../../../src/model/desired-state.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { desiredOf } from "../../support/builders.ts";

const { signal } = new AbortController();
const QUARTER_MS = 900_000;

let nowMs: number;
let freeNames: FreeNames;
beforeEach(() => {
  nowMs = 0;
  freeNames = new FreeNames(() => nowMs);
});

function sweep(roles: readonly string[] = [], instanceProfiles: readonly string[] = []): void {
  freeNames.replace({ roles: new Set(roles), instanceProfiles: new Set(instanceProfiles), listedAtMs: nowMs });
}

describe("names are free", () => {
  test("when a sweep saw neither of them, and not before there was one", () => {
    expect(freeNames.take(desiredOf())).toBe(false);
    sweep(["other"], ["other"]);
    expect(freeNames.take(desiredOf())).toBe(true);
  });

  test("not when it saw the role or the instance profile, in whatever letters the object writes it", () => {
    sweep(["app"], ["front"]);
    expect(freeNames.take(desiredOf({ roleName: "App", instanceProfileName: "new" }))).toBe(false);
    expect(freeNames.take(desiredOf({ roleName: "new", instanceProfileName: "FRONT" }))).toBe(false);
    expect(freeNames.take(desiredOf({ roleName: "front", instanceProfileName: "app" }))).toBe(true);
  });

  test("once, until the next sweep: whoever comes second to one of them looks", () => {
    sweep();
    expect(freeNames.take(desiredOf({ roleName: "a", instanceProfileName: "b" }))).toBe(true);
    expect(freeNames.take(desiredOf({ roleName: "A", instanceProfileName: "c" }))).toBe(false);
    expect(freeNames.take(desiredOf({ roleName: "d", instanceProfileName: "B" }))).toBe(false);
    sweep();
    expect(freeNames.take(desiredOf({ roleName: "a", instanceProfileName: "b" }))).toBe(true);
  });

  test("for a quarter of an hour", () => {
    sweep();
    nowMs = QUARTER_MS - 1;
    expect(freeNames.take(desiredOf({ roleName: "a" }))).toBe(true);
    nowMs = QUARTER_MS;
    expect(freeNames.take(desiredOf({ roleName: "b" }))).toBe(false);
  });
});

describe("a creation that begins without a look", () => {
  const iamCalls: string[] = [];
  function pass(iam: FakeIam, desired: DesiredPresent = desiredOf()) {
    iamCalls.length = 0;
    iam.beforeRead = async () => {
      iamCalls.push("read");
    };
    const settling = new Settling({ windowMs: 0, monotonicMs: () => nowMs });
    const deps = { reader: iam, writer: iam, settling, adoptions: new Exclusive(), instances: withoutInstances() };
    return converge(desired, { ...deps, freeNames, confirmCurrent: async () => {}, isAnnounced: () => true }, signal);
  }

  test("and is told that the role is there, is no failure: the look that follows decides", async () => {
    const iam = new FakeIam();
    iam.outsiderMakesRole("app");
    sweep();
    const { plan, report } = await pass(iam);
    expect(plan.blockers.map(({ reason }) => reason)).toEqual(["AlreadyExists"]);
    expect(report).toEqual({ applied: [], failed: undefined, refused: [] });
    expect(iam.writes).toEqual([]);
  });

  test("and fails for any other reason, has failed: nothing more is tried", async () => {
    const iam = new FakeIam();
    iam.fate = () => new BlockedError("no", { reason: "AccessDenied" });
    sweep();
    const { report } = await pass(iam);
    expect(report.failed).toMatchObject({ action: { kind: "CreateRole" }, error: { reason: "AccessDenied" } });
    expect(iamCalls).toEqual([]);
  });

  test("and finds the instance profile taken, when its role is made, stops there as any creation does", async () => {
    const iam = new FakeIam();
    const taken = new ConflictError("it is there already", { reason: "EntityAlreadyExists" });
    iam.fate = ({ kind }) => (kind === "CreateInstanceProfile" ? taken : "do");
    sweep();
    const { report } = await pass(iam);
    expect(report.failed).toMatchObject({ action: { kind: "CreateInstanceProfile" } });
    expect(iam.writes.map(({ kind }) => kind)).toEqual(["CreateRole", "PutRolePolicy"]);
  });
});
