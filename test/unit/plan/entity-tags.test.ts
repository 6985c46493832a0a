import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import { TAG_PREFIX, type Tags } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { tagBlockers } from "../../../src/plan/quota-blockers.ts";
import { type CreatedState, createdState, desiredOf, stateAfter } from "../../support/builders.ts";

type SpecTags = Partial<Pick<InstanceProfileSpec, "tags" | "roleTags" | "instanceProfileTags">>;

const userTags = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith(TAG_PREFIX)));

/** The users' tags of role and instance profile. */
const tagsOf = ({ role, instanceProfile }: CreatedState): readonly [Tags, Tags] => [
  userTags(role.tags),
  userTags(instanceProfile.tags),
];

const edited = (before: SpecTags, spec: SpecTags): CreatedState => {
  const state = createdState(before);
  return stateAfter(state, diff(desiredOf(spec), state).actions) as CreatedState;
};

describe("tags of one entity", () => {
  test.each<[string, SpecTags, readonly [Tags, Tags]]>([
    ["are on that one", { roleTags: { r: "1" }, instanceProfileTags: { p: "2" } }, [{ r: "1" }, { p: "2" }]],
    [
      "win over the same key of both",
      { tags: { a: "1", b: "2" }, roleTags: { a: "3" } },
      [
        { a: "3", b: "2" },
        { a: "1", b: "2" },
      ],
    ],
    [
      "win in any case of the key, which is one key to IAM",
      { tags: { Team: "1" }, instanceProfileTags: { team: "2" } },
      [{ Team: "1" }, { team: "2" }],
    ],
    [
      "cannot replace the owner tags",
      { roleTags: { "IAM.instanceprofile.dev/name": "other" }, instanceProfileTags: {} },
      [{}, {}],
    ],
  ])("%s", (_, spec, expected) => {
    const state = createdState(spec);
    expect(tagsOf(state)).toEqual(expected);
    expect(diff(desiredOf(spec), state)).toMatchObject({ actions: [], blockers: [] });
  });

  test("move between the entities, and what the controller has set is removed where the spec no longer names it", () => {
    expect(tagsOf(edited({ tags: { a: "1" } }, { roleTags: { a: "1" } }))).toEqual([{ a: "1" }, {}]);
    expect(tagsOf(edited({ roleTags: { a: "1" } }, { instanceProfileTags: { a: "2" } }))).toEqual([{}, { a: "2" }]);
    expect(tagsOf(edited({ roleTags: { a: "1" } }, {}))).toEqual([{}, {}]);
  });

  test("of another client stay: the record of the other entity does not count", () => {
    const state = createdState({ roleTags: { a: "1" } });
    const { instanceProfile } = state;
    const theirs = {
      ...state,
      instanceProfile: { ...instanceProfile, tags: { ...instanceProfile.tags, a: "theirs" } },
    };
    const { actions } = diff(desiredOf({}), theirs);
    expect(tagsOf(stateAfter(theirs, actions) as CreatedState)).toEqual([{}, { a: "theirs" }]);
  });
});

test("tags that AWS has set take no room of IAM's 50", () => {
  const state = createdState();
  const stack = Object.fromEntries(["id", "name", "logical-id"].map((it) => [`aws:cloudformation:${it}`, "x"]));
  const others = Object.fromEntries(Array.from({ length: 44 }, (_, i) => [`k${i}`, ""]));
  const observed = { ...state, role: { ...state.role, tags: { ...state.role.tags, ...stack, ...others } } };
  const plan = (spec: SpecTags) => tagBlockers(diff(desiredOf(spec), observed), observed);
  expect(plan({ roleTags: { one: "more" } })).toEqual([]);
  expect(plan({ roleTags: { one: "more", two: "more" } })).toMatchObject([{ reason: "QuotaExceeded" }]);
});
