import { beforeEach, describe, expect, test } from "vitest";
import { execute } from "../../../src/engine/execute/execute.ts";
import { observe, type RoleParts } from "../../../src/engine/observe/observe-iam.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { SnapshotIndex } from "../../../src/engine/observe/snapshot-index.ts";
import type { IamReader } from "../../../src/engine/ports.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { BlockedError, ConflictError } from "../../../src/errors.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { desiredAbsence, desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

const SIGNAL = new AbortController().signal;
const DENIED = new BlockedError("no", { reason: "AccessDenied" });

let iam: FakeIam;
let calls: string[];
let reader: IamReader;

beforeEach(() => {
  iam = new FakeIam();
  calls = [];
  reader = new Proxy<IamReader>(iam, {
    get: (target, method) => {
      const original = Reflect.get(target, method) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        calls.push([String(method), ...args.slice(0, -1)].join(" "));
        return original.apply(target, args);
      };
    },
  });
});

function pass(desired: DesiredState, precondition = async (): Promise<void> => {}) {
  const recentWrites = new RecentWrites({ windowMs: 0, monotonicMs: () => 0 });
  return converge(desired, convergeDependencies(iam, { recentWrites, precondition }), SIGNAL);
}

describe("observing", () => {
  test("an absent role costs two requests", async () => {
    await observe(desiredOf(), reader, SIGNAL);
    expect(calls.sort()).toEqual(["getInstanceProfile app", "getRole app"]);
  });

  test("an existing role costs five, also in deletion", async () => {
    await pass(desiredOf());
    await observe(desiredOf(), reader, SIGNAL);
    expect(calls.length).toBe(5);
    calls.length = 0;
    await observe(desiredAbsence(), reader, SIGNAL);
    expect(calls.sort().map((call) => call.split(" ")[0])).toEqual([
      ...[
        "getInstanceProfile",
        "getRole",
        "listAttachedRolePolicies",
        "listInstanceProfilesForRole",
        "listRolePolicies",
      ],
    ]);
  });

  test("a role without statements of its own costs no read of a policy", async () => {
    const managed = desiredOf({ statements: [], managedPolicyArns: ["arn:aws:iam::aws:policy/a"] });
    await pass(managed);
    await observe(managed, reader, SIGNAL);
    expect(calls.length).toBe(4);
  });

  test("the policies of a role that must not be written are not read", async () => {
    iam.outsiderMakesRole("app");
    for (const desired of [desiredOf(), desiredAbsence()]) {
      calls.length = 0;
      const { role } = await observe(desired, reader, SIGNAL);
      expect(calls.length).toBe(2);
      expect(role).toMatchObject({ presence: "present", inlinePolicyNames: [], managedPolicyArns: [] });
    }
  });

  test("the policies of a role that may be adopted are read, but not in deletion", async () => {
    iam.outsiderMakesRole("app");
    await observe(desiredOf({ adoptionPolicy: "IfExists" }), reader, SIGNAL);
    expect(calls.length).toBe(5);
    calls.length = 0;
    await observe(desiredAbsence({ adoptionPolicy: "IfExists" }), reader, SIGNAL);
    expect(calls.length).toBe(2);
  });

  test("a policy that is to be deleted is read too: what it denies decides the order of writes", async () => {
    await pass(desiredOf({ policyName: "old" }));
    const { role } = await observe(desiredOf({ policyName: "new" }), reader, SIGNAL);
    expect(calls).toContain("getRolePolicy app old");
    expect(role).toMatchObject({ inlinePolicyDocuments: { old: expect.stringContaining("Statement") } });
  });

  test("an unmanaged policy is read only when it is to be deleted", async () => {
    await pass(desiredOf());
    await iam.perform({ kind: "PutRolePolicy", roleName: "app", policyName: "theirs", document: "{}", changes: [] });
    await observe(desiredOf(), reader, SIGNAL);
    expect(calls).not.toContain("getRolePolicy app theirs");
    await observe(desiredOf({ unmanagedPolicies: "Remove" }), reader, SIGNAL);
    expect(calls).toContain("getRolePolicy app theirs");
  });

  test.each([
    "getRole",
    "getInstanceProfile",
    "listRolePolicies",
    "listAttachedRolePolicies",
    "getRolePolicy",
  ] as const)("a %s that fails is never taken for absence", async (method) => {
    await pass(desiredOf());
    Object.assign(iam, { [method]: () => Promise.reject(DENIED) });
    await expect(observe(desiredOf(), iam, SIGNAL)).rejects.toBe(DENIED);
  });
});

describe("a reconcile", () => {
  test("that has nothing to write does not check the precondition", async () => {
    await pass(desiredOf());
    const { report } = await pass(desiredOf(), () => Promise.reject(new Error("asked")));
    expect(report).toEqual({ applied: [], failed: undefined, refused: [] });
  });

  test("observes once before it writes, and once more where it adopts", async () => {
    const reads = async (desired: DesiredState): Promise<number> => {
      calls.length = 0;
      await converge(desired, convergeDependencies(iam, { reader }), SIGNAL);
      return calls.filter((call) => call.startsWith("getRole ")).length;
    };
    expect(await reads(desiredOf())).toBe(1);
    expect(await reads(desiredOf({ description: "edited" }))).toBe(1);
    iam.outsiderMakesRole("app");
    expect(await reads(desiredOf({ adoptionPolicy: "IfExists" }))).toBe(2);
  });

  test("that is blocked writes nothing and returns the observed state", async () => {
    iam.outsiderMakesRole("app");
    const { plan, report, after } = await pass(desiredOf(), () => Promise.reject(new Error("asked")));
    expect(plan.blockers.length).toBe(1);
    expect(report.applied).toEqual([]);
    expect(after.role).toMatchObject({ presence: "present", tags: {} });
  });

  test("of a stale object writes nothing", async () => {
    const stale = new ConflictError("moved", { reason: "StaleObject" });
    await expect(pass(desiredOf(), () => Promise.reject(stale))).rejects.toBe(stale);
    expect(iam.writes).toEqual([]);
  });

  test("stops at the first failure, and reports the applied actions", async () => {
    iam.fate = ({ kind }) => (kind === "CreateInstanceProfile" ? DENIED : "do");
    const { report, after } = await pass(desiredOf());
    expect(report.applied.map(({ action }) => action.kind)).toEqual(["CreateRole", "PutRolePolicy"]);
    expect(report.failed).toMatchObject({ action: { kind: "CreateInstanceProfile" }, error: DENIED });
    expect(after).toMatchObject({
      role: { roleId: "AROA1", inlinePolicyNames: ["app"] },
      instanceProfile: { presence: "absent" },
    });
  });

  test("that executes a blocked plan is a bug, and raises", async () => {
    const plan = { actions: [], blockers: [{ reason: "X", message: "x" }], unmanagedPolicies: [] };
    await expect(execute(plan, iam, SIGNAL)).rejects.toThrow("must not be executed");
  });
});

describe("a deletion for which a scan has listed the parts of the role", () => {
  const index = new SnapshotIndex(() => nowMs);
  let nowMs = 0;

  const QUERY = { key: "default/app", uid: "uid-1", generation: 1, isNew: false, isUserWaiting: true };

  function goes() {
    const desired = desiredAbsence();
    const start = index.startingPoint(desired, QUERY);
    return converge(desired, convergeDependencies(iam, { reader, index, start }), SIGNAL);
  }

  /** What a scan hands over. */
  function seen(role: Partial<RoleParts> = {}): void {
    const facts = { inlinePolicyNames: ["app"], managedPolicyArns: [], ...role };
    const snapshot = {
      roles: new Map([["app", facts]]),
      holders: new Map([["app", ["app"]]]),
      instanceProfiles: new Map(),
      takenAtMs: nowMs,
      names: { listedAtMs: nowMs },
    };
    index.replace(snapshot as unknown as Parameters<SnapshotIndex["replace"]>[0]);
  }

  beforeEach(async () => {
    await pass(desiredOf());
    calls.length = 0;
  });

  test("costs two reads, which prove ownership", async () => {
    seen();
    expect((await goes()).report.applied.length).toBe(4);
    expect(calls.map((call) => call.split(" ")[0]).toSorted()).toEqual(["getInstanceProfile", "getRole"]);
    expect(iam.role("app")).toBeUndefined();
  });

  test("is blocked only by a fresh read: the blocker may be resolved", async () => {
    seen({ inlinePolicyNames: ["app", "theirs"] });
    expect((await goes()).plan.blockers).toEqual([]);
    expect(calls.length).toBe(7);
    expect(iam.role("app")).toBeUndefined();
  });

  test("uses them once, and not for long", async () => {
    seen();
    iam.fate = ({ kind }) => (kind === "DeleteRole" ? new Error("DeleteConflict") : "do");
    await goes();
    calls.length = 0;
    await goes();
    expect(calls.length).toBe(5);
    seen();
    nowMs += 900_000;
    calls.length = 0;
    await goes();
    expect(calls.length).toBe(5);
  });
});
