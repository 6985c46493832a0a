import { describe, expect, test } from "vitest";
import type { InstancesSpec } from "../../../src/api/instances.ts";
import { ASSOCIATED_BY_TAG } from "../../../src/model/instances/association-tags.ts";
import type { ObservedInstance } from "../../../src/model/instances/instance.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { releaseInstances } from "../../../src/plan/instances/diff-instances.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const REGION = "eu-west-1";
const arnOf = (name: string): string => `arn:aws:iam::123456789012:instance-profile/${name}`;
const WEB: InstancesSpec = { region: REGION, selector: { matchTags: { app: "web" } }, onConflict: "Keep" };
const MADE = stateAfter(NOTHING, diff(desiredOf({ instances: WEB }), NOTHING).actions);

/** A running instance that carries this profile. */
function carrying(profile: string, of: Partial<ObservedInstance>): ObservedInstance {
  return {
    instanceId: "i-1",
    region: REGION,
    state: "running",
    association: {
      associationId: "iip-assoc-1",
      profileArn: arnOf(profile),
      profileId: profile === "app" ? "AIPAEXAMPLE" : "AIPAOTHER",
      state: "associated",
    },
    isSelected: true,
    isMarked: false,
    precededBy: undefined,
    isYielded: false,
    ...of,
  };
}

const withInstances = (...found: readonly ObservedInstance[]): ObservedState => {
  return { ...MADE, instances: { found, missingIds: [], unsearched: [] } };
};
const kindsFor = (instances: InstancesSpec | undefined, ...found: readonly ObservedInstance[]): readonly string[] => {
  return diff(desiredOf(instances && { instances }), withInstances(...found)).actions.map(({ kind }) => kind);
};

describe("an instance that an older object selects too", () => {
  const preceded = { isMarked: true, precededBy: "team-a/older" };

  test("keeps our mark while it carries our profile: the older one takes it over, and is told whose it was", () => {
    expect(kindsFor(WEB, carrying("app", preceded))).toEqual([]);
  });

  test("loses our mark once it carries the older one's", () => {
    expect(kindsFor(WEB, carrying("older", preceded))).toEqual(["DeleteTags"]);
  });

  test("is not touched when we never marked it", () => {
    expect(kindsFor(WEB, carrying("older", { ...preceded, isMarked: false }))).toEqual([]);
  });
});

test("another profile on an instance stays where the object does not ask for its place", () => {
  expect(kindsFor(WEB, carrying("other", {}))).toEqual([]);
  expect(kindsFor(undefined, carrying("other", {}))).not.toContain("ReplaceIamInstanceProfileAssociation");
  expect(kindsFor({ ...WEB, onConflict: "Replace" }, carrying("other", {}))).toEqual([
    "CreateTags",
    "ReplaceIamInstanceProfileAssociation",
  ]);
});

test("a deletion names the marker that the instance has, also that of the cluster that the role was adopted from", () => {
  const formerMarker = "old-cluster/team-a/app@i-1";
  const { owner, instanceProfile } = desiredOf({ instances: WEB });
  const writes = releaseInstances(
    { owner, ...instanceProfile },
    withInstances(carrying("app", { isMarked: true, formerMarker })),
  );
  expect(writes).toMatchObject([
    { kind: "DisassociateIamInstanceProfile" },
    { kind: "DeleteTags", tags: { [ASSOCIATED_BY_TAG]: formerMarker } },
  ]);
});
