import { beforeEach, describe, expect, test } from "vitest";
import type { AccountSnapshot } from "../../../src/engine/observe/account-snapshot.ts";
import {
  isCovered,
  observedIn,
  type Part,
  partsOf,
  partsToReread,
  reported,
  reread,
  type StaleObservation,
} from "../../../src/engine/observe/stale-observation.ts";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { createdState, desiredOf, NOTHING } from "../../support/builders.ts";

const signal = new AbortController().signal;
const roleName = "app";
const instanceProfileName = "app";
const POLICY = "arn:aws:iam::aws:policy/P";

const tagging: Action = { kind: "TagInstanceProfile", instanceProfileName, tags: {} };

describe("what must be read again before a write", () => {
  const instance = { region: "eu-west-1", instanceId: "i-1" };

  test.each<[Action, readonly Part[]]>([
    [{ kind: "UpdateRole", roleName, description: "", maxSessionDurationSeconds: 3600, changes: [] }, ["role"]],
    [{ kind: "TagRole", roleName, tags: {} }, ["role"]],
    [{ kind: "PutRolePolicy", roleName, policyName: "p", document: "{}", changes: [] }, ["role", "inline policy p"]],
    [{ kind: "DeleteRolePolicy", roleName, policyName: "p" }, ["role", "inline policy p"]],
    [{ kind: "AttachRolePolicy", roleName, policyArn: POLICY }, ["role", "managed policies"]],
    [{ kind: "DetachRolePolicy", roleName, policyArn: POLICY }, ["role", "managed policies"]],
    [tagging, ["instance profile"]],
    [{ kind: "AddRoleToInstanceProfile", instanceProfileName, roleName }, ["role", "instance profile"]],
    [{ kind: "AssociateIamInstanceProfile", ...instance, iamInstanceProfile: "app" }, ["instance profile"]],
    [{ kind: "DeleteTags", ...instance, tags: {} }, ["instance profile"]],
  ])("$kind", (action, parts) => {
    expect([...partsOf([action])]).toEqual(parts);
  });

  test("is everything when the plan is blocked, and nothing when it is empty", () => {
    const blocked = { actions: [], blockers: [{ reason: "AlreadyExists", message: "" }], unmanagedPolicies: [] };
    expect(partsToReread(blocked, desiredOf())).toBe("everything");
    expect(partsToReread({ ...blocked, blockers: [] }, desiredOf())).toEqual(new Set());
  });

  test("contains a managed role before any write: its tags say whether another cluster has adopted all of it", () => {
    const plan = { actions: [tagging], blockers: [], unmanagedPolicies: [] };
    expect(partsToReread(plan, desiredOf())).toEqual(new Set(["role", "instance profile"]));
    const external = { ...desiredOf(), roleManagement: "external" } as const;
    expect(partsToReread(plan, external)).toEqual(new Set(["instance profile"]));
  });

  test("is covered only by a read of all of it", () => {
    const role: ReadonlySet<Part> = new Set(["role"]);
    const both: ReadonlySet<Part> = new Set(["role", "instance profile"]);
    expect([isCovered(role, both), isCovered(both, role), isCovered("everything", both)]).toEqual([true, false, false]);
    expect([isCovered("everything", "everything"), isCovered(both, "everything")]).toEqual([true, true]);
  });
});

describe("the observed state by a scan", () => {
  const CREATED = createdState();
  const { tags: _, ...listed } = CREATED.instanceProfile;

  function snapshotOf(role: ObservedRole | undefined, profile = true): AccountSnapshot {
    return {
      roles: new Map(role === undefined ? [] : [["app", role]]),
      instanceProfiles: new Map(profile ? [["app", listed]] : []),
    } as unknown as AccountSnapshot;
  }

  test("has the role by its name in any case, and the instance profile with the tags that it should have", () => {
    expect(
      observedIn(snapshotOf(CREATED.role), desiredOf({ roleName: "APP", instanceProfileName: "App" })),
    ).toMatchObject({ role: { roleName: "app" }, instanceProfile: { instanceProfileName: "app" } });
    expect(diff(desiredOf(), observedIn(snapshotOf(CREATED.role), desiredOf())).actions).toEqual([]);
  });

  test("has nothing where the scan found nothing", () => {
    expect(observedIn(snapshotOf(undefined, false), desiredOf())).toEqual(NOTHING);
  });

  test("has the inline policy under the name of the spec, whatever its case in IAM", () => {
    const role = { ...CREATED.role, inlinePolicyNames: ["APP"], inlinePolicyDocuments: { APP: "{}" } };
    expect(reported(role, desiredOf())).toMatchObject({ inlinePolicyDocuments: { app: "{}" } });
    expect(reported(role, desiredOf({ policyName: "other" }))).toBe(role);
    expect(reported(role, desiredOf({ statements: [] }))).toBe(role);
  });
});

describe("a stale observation, read again,", () => {
  let iam: FakeIam;
  let stale: ObservedState;
  let reads: string[];
  beforeEach(async () => {
    iam = new FakeIam();
    for (const action of diff(desiredOf({ managedPolicyArns: [POLICY] }), NOTHING).actions) await iam.perform(action);
    stale = { role: iam.role("app") as ObservedRole, instanceProfile: await iam.getInstanceProfile("app") };
    reads = [];
  });

  /** Reads these parts again, or the whole observation as given. */
  function read(toReread: StaleObservation["toReread"], overrides: Partial<StaleObservation> = {}) {
    const recording = new Proxy(iam, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== "function") return value;
        reads.push(String(name));
        return value.bind(target) as unknown;
      },
    });
    return reread({ observed: stale, toReread, ...overrides }, desiredOf(), recording, signal);
  }

  /** Changes the role, as another client would. */
  const drift = (change: Partial<ObservedRole>): void => {
    iam.outsider(({ roles, ...others }) => {
      return { roles: { app: { ...(roles["app"] as ObservedRole), ...change } }, ...others };
    });
  };

  test("has the tags and fields of the role as they are now", async () => {
    drift({ description: "now", tags: {} });
    expect(await read(new Set(["role"]))).toMatchObject({
      role: { description: "now", tags: {}, inlinePolicyNames: ["app"] },
    });
    expect(reads).toEqual(["getRole"]);
  });

  test("has the managed policies as they are now", async () => {
    drift({ managedPolicyArns: [] });
    expect(await read(new Set(["managed policies"]))).toMatchObject({ role: { managedPolicyArns: [] } });
    expect(reads).toEqual(["listAttachedRolePolicies"]);
  });

  test("has the inline policy as it is now", async () => {
    drift({ inlinePolicyDocuments: { app: '{"now":1}' } });
    expect(await read(new Set(["inline policy app"]))).toMatchObject({
      role: { inlinePolicyNames: ["app"], inlinePolicyDocuments: { app: '{"now":1}' } },
    });
    expect(reads).toEqual(["getRolePolicy"]);
  });

  test("has no inline policy that was deleted since", async () => {
    drift({ inlinePolicyNames: [], inlinePolicyDocuments: {} });
    expect(await read(new Set(["inline policy app"]))).toMatchObject({
      role: { inlinePolicyNames: [], inlinePolicyDocuments: {} },
    });
  });

  test("has the instance profile as it is now, which no scan shows with its tags", async () => {
    iam.outsider(({ roles }) => ({ roles, instanceProfiles: {} }));
    expect((await read(new Set(["instance profile"]))).instanceProfile).toEqual({ presence: "absent" });
    expect(reads).toEqual(["getInstanceProfile"]);
  });

  test("is read as a whole when the role has another unique id, because its other parts are of the former role", async () => {
    iam.outsiderMakesRole("app", (stale.role as ObservedRole).tags);
    const { role } = await read(new Set(["role"]));
    expect(role).toMatchObject({ inlinePolicyNames: [], managedPolicyArns: [] });
    expect(role).not.toMatchObject({ roleId: (stale.role as ObservedRole).roleId });
  });

  test("is read as a whole when the role is gone, or was absent in the scan", async () => {
    iam.outsider(({ instanceProfiles }) => ({ roles: {}, instanceProfiles }));
    expect((await read(new Set(["role"]))).role).toEqual({ presence: "absent" });
    expect(reads).toContain("getInstanceProfile");
    reads = [];
    await read(new Set(["instance profile"]), { observed: { ...stale, role: { presence: "absent" } } });
    expect(reads).toContain("getRole");
  });

  test("is read as a whole when everything must be read again", async () => {
    drift({ description: "now", managedPolicyArns: [] });
    expect(await read("everything")).toMatchObject({ role: { description: "now", managedPolicyArns: [] } });
  });

  test("does not read an instance profile that an interrupted create has not created: IAM refuses to create another", async () => {
    const observed = { ...stale, instanceProfile: NOTHING.instanceProfile };
    const parts: ReadonlySet<Part> = new Set(["instance profile"]);
    expect(await read(parts, { observed, isOfInterruptedCreate: true })).toEqual(observed);
    expect(reads).toEqual([]);
    expect(await read(parts, { observed })).toMatchObject({ instanceProfile: { presence: "present" } });
  });
});
