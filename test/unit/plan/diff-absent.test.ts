import { describe, expect, test } from "vitest";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { desiredAbsence, desiredOf, NOTHING, type SpecOverrides, stateAfter } from "../../support/builders.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions) as {
  role: ObservedRole;
  instanceProfile: ObservedInstanceProfile;
};
const ADOPTED = { [TAG_KEYS.adopted]: "true" };
const FORCE = { "iam.instanceprofile.dev/force-delete": "true" };
const THEIRS = { [TAG_KEYS.name]: "other" };

interface Change {
  readonly role?: Partial<ObservedRole>;
  readonly profile?: Partial<ObservedInstanceProfile>;
}

function made({ role = {}, profile = {} }: Change): ObservedState {
  return {
    role: { ...MADE.role, ...role, tags: { ...MADE.role.tags, ...role.tags } },
    instanceProfile: { ...MADE.instanceProfile, ...profile, tags: { ...MADE.instanceProfile.tags, ...profile.tags } },
  };
}

function going(state: ObservedState, spec: SpecOverrides = {}, annotations: Record<string, string> = {}) {
  const { actions, blockers } = diff(desiredAbsence(spec, { annotations }), state);
  return { kinds: actions.map(({ kind }) => kind), reasons: blockers.map(({ reason }) => reason), actions, blockers };
}

const ALL = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];

describe("an object that goes", () => {
  test("takes with it what it has made", () => {
    expect(going(MADE)).toMatchObject({ kinds: ALL, reasons: [] });
    expect(going(NOTHING)).toMatchObject({ kinds: [], reasons: [] });
  });

  test("is not released while what it made has another cluster id: the controller was started with another one", () => {
    const former = { [TAG_KEYS.clusterId]: "former" };
    const elsewhere = made({ role: { tags: former }, profile: { tags: former } });
    expect(going(elsewhere)).toMatchObject({ kinds: [], reasons: ["OwnedByAnother", "OwnedByAnother"] });
    expect(going(elsewhere).blockers[0]?.message).toMatch(
      /^role app has the tags of this object with cluster id former/,
    );
    const ofAnother = { ...former, [TAG_KEYS.uid]: "uid-2" };
    expect(going(made({ role: { tags: ofAnother }, profile: { tags: ofAnother } })).reasons).toEqual([]);
    expect(going(elsewhere, { deletionPolicy: "Retain" }).reasons).toEqual([]);
    expect(going(elsewhere, {}, FORCE).reasons).toEqual([]);
  });

  test("leaves what it has adopted, and takes our role out of an adopted profile", () => {
    expect(going(made({ role: { tags: ADOPTED }, profile: { tags: ADOPTED } })).kinds).toEqual([]);
    expect(going(made({ profile: { tags: ADOPTED } })).kinds).toEqual([
      ...["RemoveRoleFromInstanceProfile", "DeleteRolePolicy", "DeleteRole"],
    ]);
    expect(going(made({ role: { tags: ADOPTED } })).kinds).toEqual([
      ...["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"],
    ]);
  });

  test("takes what it has adopted too when the user says so, and nothing when it is to be retained", () => {
    const adopted = made({ role: { tags: ADOPTED }, profile: { tags: ADOPTED } });
    expect(going(adopted, { deletionPolicy: "Delete" }).kinds).toEqual(ALL);
    expect(going(MADE, { deletionPolicy: "Retain" }).kinds).toEqual([]);
  });

  test("takes a foreign role out of its profile by that role's name, and leaves the role", () => {
    const { actions } = going(made({ role: { tags: THEIRS }, profile: { roleName: "foreign" } }));
    expect(actions).toEqual([
      { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "app", roleName: "foreign" },
      { kind: "DeleteInstanceProfile", instanceProfileName: "app" },
    ]);
  });

  test("leaves a foreign role in a profile that stays", () => {
    expect(going(made({ profile: { tags: ADOPTED, roleName: "foreign" } })).kinds).toEqual([
      ...["DeleteRolePolicy", "DeleteRole"],
    ]);
  });

  test("waits while profiles that are not its own hold its role, names them, and takes the role out when forced", () => {
    const held = made({ role: { instanceProfileNames: ["App", "theirs", "others"] } });
    const { kinds, reasons, blockers } = going(held);
    expect(reasons).toEqual(["RoleInUnmanagedInstanceProfile"]);
    expect(kinds).toEqual([]);
    expect(blockers[0]?.message).toContain(
      "role app is in instance profiles that this object does not own: theirs, others.",
    );
    const forced = going(held, {}, FORCE);
    expect(forced.reasons).toEqual([]);
    expect(forced.actions.slice(0, 4)).toEqual([
      { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "app", roleName: "app" },
      { kind: "DeleteInstanceProfile", instanceProfileName: "app" },
      { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "theirs", roleName: "app", isForced: true },
      { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "others", roleName: "app", isForced: true },
    ]);
    expect(stateAfter(held, forced.actions)).toEqual(NOTHING);
  });

  test("waits for somebody else's profile under its own profile's name too", () => {
    const held = made({ role: { instanceProfileNames: ["app"] }, profile: { tags: THEIRS } });
    expect(going(held).reasons).toEqual(["RoleInUnmanagedInstanceProfile"]);
    expect(going(held, {}, FORCE).actions[0]).toMatchObject({ instanceProfileName: "app", isForced: true });
    const adopted = made({ role: { instanceProfileNames: ["app"] }, profile: { tags: ADOPTED } });
    expect(going(adopted).reasons).toEqual([]);
  });

  test("does not wait for a profile that one list shows and a look does not: DeleteRole will tell", () => {
    const held = made({ role: { instanceProfileNames: ["app"] } });
    expect(going({ ...held, instanceProfile: NOTHING.instanceProfile })).toMatchObject({
      kinds: ["DeleteRolePolicy", "DeleteRole"],
      reasons: [],
    });
  });

  test("does not wait for somebody else's profile that holds another role, or for a role that is not its own", () => {
    expect(
      going(made({ role: { instanceProfileNames: [] }, profile: { tags: THEIRS, roleName: "foreign" } })),
    ).toMatchObject({
      kinds: ["DeleteRolePolicy", "DeleteRole"],
      reasons: [],
    });
    const notOurs = made({ role: { tags: THEIRS, instanceProfileNames: ["other"] }, profile: { tags: THEIRS } });
    expect(going(notOurs)).toMatchObject({ kinds: [], reasons: [] });
  });

  test("waits for policies that it has not put there, and takes them when forced", () => {
    const policies = { inlinePolicyNames: ["app", "theirs"], managedPolicyArns: ["arn:aws:iam::1:policy/theirs"] };
    const { reasons, blockers } = going(made({ role: policies }));
    expect(reasons).toEqual(["UnmanagedPoliciesAttached"]);
    expect(blockers[0]?.message).toContain("did not attach or write: arn:aws:iam::1:policy/theirs, theirs.");
    const forced = going(made({ role: policies }), {}, { "iam.instanceprofile.dev/force-delete": "true" });
    expect(forced.reasons).toEqual([]);
    expect(forced.kinds).toEqual([
      ...["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DetachRolePolicy"],
      ...["DeleteRolePolicy", "DeleteRolePolicy", "DeleteRole"],
    ]);
    const marked = forced.actions.filter((action) => "isForced" in action);
    expect(marked).toMatchObject([{ policyArn: "arn:aws:iam::1:policy/theirs" }, { policyName: "theirs" }]);
  });

  test("does not wait for policies that its spec names, under any case, or that its record knows", () => {
    const named = going(
      made({ role: { inlinePolicyNames: ["App"], managedPolicyArns: ["arn:aws:iam::1:policy/a"] } }),
      {
        managedPolicyArns: ["arn:aws:iam::1:policy/a"],
      },
    );
    expect(named.reasons).toEqual([]);
    expect(going(MADE, { policyName: "renamed" }).reasons).toEqual([]);
  });

  test("forced with any other value than true waits all the same", () => {
    const policies = { inlinePolicyNames: ["theirs"] };
    expect(going(made({ role: policies }), {}, { "iam.instanceprofile.dev/force-delete": "yes" }).reasons).toEqual([
      "UnmanagedPoliciesAttached",
    ]);
  });
});
