import { describe, expect, test } from "vitest";
import type { ObservedInstanceProfile, ObservedRole } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { applyAction } from "../../../src/plan/simulate.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const CREATE = diff(desiredOf(), NOTHING).actions;
const MADE = stateAfter(NOTHING, CREATE) as { role: ObservedRole; instanceProfile: ObservedInstanceProfile };

describe("a creation seen again", () => {
  test("changes nothing of what has become of it", () => {
    const role = { ...MADE.role, description: "edited", tags: { other: "1" } };
    const seen = { ...MADE, role };
    for (const action of CREATE.filter(({ kind }) => kind.startsWith("Create"))) {
      expect(applyAction(seen, action, { arn: "arn:other", id: "OTHER" })).toEqual(seen);
    }
  });
});

describe("a change of what is not there", () => {
  test("leaves nothing where nothing is", () => {
    for (const action of CREATE.filter(({ kind }) => !kind.startsWith("Create"))) {
      expect(applyAction(NOTHING, action)).toEqual(NOTHING);
    }
    expect(applyAction(NOTHING, { kind: "DeleteRole", roleName: "app" })).toEqual(NOTHING);
  });

  test("takes only the role it names out of a profile, in any case", () => {
    const remove = (roleName: string) =>
      applyAction(MADE, { kind: "RemoveRoleFromInstanceProfile", instanceProfileName: "app", roleName })
        .instanceProfile;
    expect(remove("other")).toMatchObject({ roleName: "app" });
    expect(remove("APP")).toMatchObject({ roleName: undefined });
  });
});

describe("an inline policy under other letters", () => {
  const put = { kind: "PutRolePolicy", roleName: "app", policyName: "APP", document: "new", changes: [] } as const;

  test("is the one that was there, by whichever name it is read", () => {
    expect(applyAction(MADE, put).role).toMatchObject({
      inlinePolicyNames: ["APP"],
      inlinePolicyDocuments: { app: "new", APP: "new" },
    });
  });

  test("goes with it", () => {
    expect(applyAction(MADE, { kind: "DeleteRolePolicy", roleName: "app", policyName: "APP" }).role).toMatchObject({
      inlinePolicyNames: [],
      inlinePolicyDocuments: {},
    });
  });
});

test("a tag key that comes back in other letters leaves first: to a profile the two are not one", () => {
  const start = stateAfter(NOTHING, diff(desiredOf({ tags: { Team: "a", cost: "1" } }), NOTHING).actions);
  const kinds = diff(desiredOf({ tags: { team: "a" } }), start).actions.map((action) =>
    "tagKeys" in action ? `${action.kind} ${action.tagKeys}` : action.kind,
  );
  expect(kinds).toEqual([
    ...["UntagRole Team", "TagRole", "UntagRole cost", "TagRole"],
    ...["UntagInstanceProfile Team", "TagInstanceProfile", "UntagInstanceProfile cost", "TagInstanceProfile"],
  ]);
});
