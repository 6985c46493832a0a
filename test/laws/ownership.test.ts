import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DesiredState } from "../../src/model/desired-state.ts";
import { nameKey } from "../../src/model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../src/model/observed-state.ts";
import { type Ownership, ownershipOf, TAG_KEYS, type Tags } from "../../src/model/ownership.ts";
import type { Action } from "../../src/plan/action.ts";
import { diff } from "../../src/plan/diff.ts";
import { CLUSTER_ID, desiredAbsence, desiredOf, NOTHING, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";

/** Any set of the controller's tags: ours, somebody's, in part, in other letters, with any record. */
const ownTags: fc.Arbitrary<Tags> = fc
  .record(
    {
      [TAG_KEYS.clusterId]: fc.constantFrom(CLUSTER_ID, CLUSTER_ID, CLUSTER_ID.toUpperCase(), "cluster-2", ""),
      [TAG_KEYS.namespace]: fc.constantFrom("team-a", "team-a", "team-b", ""),
      [TAG_KEYS.name]: fc.constantFrom("app", "app", "App", "other", ""),
      [TAG_KEYS.uid]: fc.constantFrom("uid-1", "uid-0"),
      [TAG_KEYS.adopted]: fc.constantFrom("true", "false", "TRUE"),
      [TAG_KEYS.applied]: fc.constantFrom("v1.66.BZzBM1.", "v1.11.0123456789ABC.0123456789abc", "v2.x", "", "%%"),
      stranger: fc.constant("1"),
    },
    { requiredKeys: [] },
  )
  .map((tags) => ({ ...tags }) as Tags);

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);

const role: fc.Arbitrary<ObservedState["role"]> = fc.oneof(
  fc.constant(NOTHING.role),
  fc
    .record({
      tags: ownTags,
      path: fc.constantFrom("/", "/", "/x/"),
      roleName: fc.constantFrom("app", "APP"),
      inlinePolicyNames: fc.subarray(["app", "theirs", "App"]),
      managedPolicyArns: fc.subarray(["arn:aws:iam::1:policy/a", "arn:aws:iam::1:policy/b"]),
      instanceProfileNames: fc.subarray(["app", "theirs"]),
    })
    .map((facts) => ({ ...(MADE.role as ObservedRole), ...facts })),
);

const instanceProfile: fc.Arbitrary<ObservedState["instanceProfile"]> = fc.oneof(
  fc.constant(NOTHING.instanceProfile),
  fc
    .record({
      tags: ownTags,
      path: fc.constantFrom("/", "/", "/x/"),
      roleName: fc.constantFrom("app", "APP", "foreign", undefined),
    })
    .map((facts) => ({ ...(MADE.instanceProfile as ObservedInstanceProfile), ...facts })),
);

const state: fc.Arbitrary<ObservedState> = fc.record({ role, instanceProfile });

const REVOKED = { management: "External", isRevoked: true } as const;

const desired: fc.Arbitrary<DesiredState> = fc
  .record({
    isGoing: fc.boolean(),
    adoptionPolicy: fc.constantFrom("Never" as const, "IfExists" as const),
    unmanagedPolicies: fc.constantFrom("Report" as const, "Remove" as const),
    deletionPolicy: fc.constantFrom("Delete" as const, "Retain" as const, undefined),
    force: fc.boolean(),
    roleName: fc.constantFrom("app", "App"),
    role: fc.constantFrom(undefined, { management: "External" as const }, REVOKED),
  })
  .map(({ isGoing, force, deletionPolicy, role, ...rest }) => {
    const spec = { ...rest, ...(role && { role }), ...(deletionPolicy && { deletionPolicy }) };
    const annotations = force ? { "iam.instanceprofile.dev/force-delete": "true" } : {};
    return isGoing ? desiredAbsence(spec, { annotations }) : desiredOf(spec, { annotations });
  });

function ownership(
  wanted: DesiredState,
  entity: ObservedState["role" | "instanceProfile"],
): Ownership["kind"] | "absent" {
  return entity.presence === "absent" ? "absent" : ownershipOf(entity.tags, wanted.owner).kind;
}

/** May the plan write what it found so? */
function mayWrite(wanted: DesiredState, found: ReturnType<typeof ownership>): boolean {
  if (found === "owned") return true;
  return wanted.presence === "present" && (found === "absent" || (found === "unowned" && wanted.mayAdopt));
}

function writes(action: Action): "role" | "instanceProfile" {
  return "instanceProfileName" in action ? "instanceProfile" : "role";
}

/** What the executor would run of it. */
function toBeRun(wanted: DesiredState, observed: ObservedState): readonly Action[] {
  const { actions, blockers } = diff(wanted, observed);
  return blockers.length > 0 ? [] : actions;
}

describe("ownership, whatever the tags say", () => {
  test("no write reaches a role or profile that the tags do not prove ours", () => {
    fc.assert(
      fc.property(desired, state, (wanted, observed) => {
        for (const action of toBeRun(wanted, observed)) {
          if ("isForced" in action) continue;
          const found = ownership(wanted, observed[writes(action)]);
          expect(mayWrite(wanted, found), `${action.kind} on what is ${found}`).toBe(true);
        }
      }),
      { numRuns: lawRuns(500) },
    );
  });

  test("no write names a role of others, but to put it into the object's own instance profile or take it out", () => {
    const isExternal = (wanted: DesiredState): boolean =>
      wanted.presence === "absent" ? wanted.isRoleExternal : wanted.roleManagement !== "managed";
    const seen = new Set<string>();
    fc.assert(
      fc.property(desired.filter(isExternal), state, (wanted, observed) => {
        const own =
          wanted.presence === "absent" ? wanted.instanceProfileName : wanted.instanceProfile.instanceProfileName;
        for (const action of toBeRun(wanted, observed)) {
          if (!("roleName" in action)) continue;
          seen.add(action.kind);
          expect(action.kind).toMatch(/^(AddRoleTo|RemoveRoleFrom)InstanceProfile$/);
          expect("instanceProfileName" in action && nameKey(action.instanceProfileName)).toBe(nameKey(own));
        }
      }),
      { numRuns: lawRuns(500) },
    );
    expect(seen.size).toBe(2);
  });

  test("what others have put there goes by force alone, marked, and only off a role that is ours and goes", () => {
    fc.assert(
      fc.property(desired, state, (wanted, observed) => {
        const forced = toBeRun(wanted, observed).filter((action) => "isForced" in action);
        if (forced.length === 0) return;
        expect(wanted).toMatchObject({ presence: "absent", force: true });
        expect(ownership(wanted, observed.role)).toBe("owned");
        expect(forced.map(({ kind }) => kind).filter((kind) => /^Delete(Role|InstanceProfile)$/.test(kind))).toEqual(
          [],
        );
        expect(toBeRun(wanted, observed).at(-1)?.kind).toBe("DeleteRole");
      }),
      { numRuns: lawRuns(200) },
    );
  });

  test("the first write to what is adopted makes it ours, so that a crash leaves no doubt", () => {
    fc.assert(
      fc.property(desired, state, (wanted, observed) => {
        fc.pre(wanted.presence === "present");
        for (const part of ["role", "instanceProfile"] as const) {
          const [first] = toBeRun(wanted, observed).filter((action) => writes(action) === part);
          if (first === undefined || ownership(wanted, observed[part]) !== "unowned") continue;
          expect(first.kind).toMatch(/^Tag/);
          expect(ownership(wanted, stateAfter(observed, [first])[part])).toBe("owned");
        }
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("what was adopted, or is to be retained, is never deleted unless the user says so", () => {
    fc.assert(
      fc.property(desired, state, (wanted, observed) => {
        fc.pre(wanted.presence === "absent" && wanted.retention !== "Delete");
        for (const action of toBeRun(wanted, observed).filter(({ kind }) =>
          /^Delete(Role|InstanceProfile)$/.test(kind),
        )) {
          const entity = observed[writes(action)];
          const tags = entity.presence === "absent" ? {} : entity.tags;
          expect(tags[TAG_KEYS.adopted]).not.toBe("true");
          expect(wanted.presence === "absent" && wanted.retention).toBe("ByOrigin");
        }
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("adoption takes nothing away, whatever record stands on what was nobody's", () => {
    const unowned = fc.record({
      applied: fc.constantFrom("v1.66.BZzBM1.", "v1.11.0123456789ABCXYZ.0123456789abc"),
      role,
    });
    fc.assert(
      fc.property(unowned, ({ applied, role: some }) => {
        fc.pre(some.presence === "present");
        const tags = { [TAG_KEYS.applied]: applied, stranger: "1" };
        const observed = { ...NOTHING, role: { ...some, tags, path: "/" } };
        const plan = diff(desiredOf({ adoptionPolicy: "IfExists" }), observed);
        expect(plan.blockers).toEqual([]);
        expect(plan.actions.filter(({ kind }) => /^(Detach|Delete|Untag|Remove)/.test(kind))).toEqual([]);
      }),
    );
  });

  test("names that differ by case alone are one: nothing is moved back and forth", () => {
    fc.assert(
      fc.property(desired, (wanted) => {
        const start = {
          ...MADE,
          instanceProfile: { ...(MADE.instanceProfile as ObservedInstanceProfile), roleName: "APP" },
        };
        fc.pre(wanted.presence === "present" && wanted.roleManagement !== "revoked");
        expect(diff(wanted, start).actions.filter(({ kind }) => /RoleToInstance|RoleFromInstance/.test(kind))).toEqual(
          [],
        );
      }),
    );
  });

  test("a tag of the user's in other letters never stands in for one of ours", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(TAG_KEYS)), fc.boolean(), (key, isMade) => {
        const tags = { [key.toUpperCase()]: "theirs", "Iam.instanceprofile.dev/x": "1", team: "a" };
        const written = diff(desiredOf({ tags }), isMade ? MADE : NOTHING).actions.flatMap((action) =>
          "tags" in action ? Object.keys(action.tags) : [],
        );
        const ours = written.filter((it) => it.toLowerCase().startsWith("iam.instanceprofile.dev/"));
        expect(ours.filter((it) => !Object.values(TAG_KEYS).includes(it))).toEqual([]);
        expect(written).toContain("team");
      }),
    );
  });
});
