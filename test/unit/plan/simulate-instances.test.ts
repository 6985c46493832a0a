import { describe, expect, test } from "vitest";
import { ASSOCIATED_BY_TAG } from "../../../src/model/instances/association-tags.ts";
import type { ObservedInstance } from "../../../src/model/instances/instance.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import type { InstanceAction } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { applyAction } from "../../../src/plan/simulate.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);
const ARN = "arn:aws:iam::123456789012:instance-profile/app";

function bare(region: string, instanceId: string): ObservedInstance {
  return {
    ...{ region, instanceId, state: "running", association: undefined, isSelected: true },
    ...{ isMarked: false, precededBy: undefined, isYielded: false },
  };
}

const withInstances = (state: ObservedState): ObservedState => {
  const found = [bare("eu-west-1", "i-1"), bare("eu-west-1", "i-2"), bare("eu-north-1", "i-1")];
  return { ...state, instances: { found, missingIds: [], unsearched: [] } };
};
const foundAfter = (state: ObservedState, ...args: [InstanceAction, { arn: string; id: string }?]) =>
  applyAction(state, ...args).instances?.found ?? [];

describe("after a write to EC2", () => {
  const associate = { region: "eu-west-1", instanceId: "i-1", iamInstanceProfile: "app" };
  const action: InstanceAction = { kind: "AssociateIamInstanceProfile", ...associate };

  test("the instance that was meant has the profile that IAM has, and no other instance has", () => {
    const [first, ...others] = foundAfter(withInstances(MADE), action, { arn: ARN, id: "iip-assoc-7" });
    expect(first?.association).toEqual({
      ...{ associationId: "iip-assoc-7", profileArn: ARN, profileId: "AIPAEXAMPLE", state: "associated" },
    });
    expect(others.map(({ association }) => association)).toEqual([undefined, undefined]);
  });

  test("whose reply told nothing, the profile is the one that IAM has, and the association is to be looked up", () => {
    const [first] = foundAfter(withInstances(MADE), action);
    expect(first?.association).toMatchObject({ associationId: "", profileArn: ARN, profileId: "AIPAEXAMPLE" });
  });

  test("about a profile that IAM does not show, its name is all that is known of it", () => {
    const [first] = foundAfter(withInstances(NOTHING), action);
    expect(first?.association).toMatchObject({ profileArn: ":instance-profile/app", profileId: "" });
  });

  test("tags mark the instances that were meant, in their region, and their removal unmarks them", () => {
    const of = { region: "eu-west-1", instanceId: "i-1", tags: { [ASSOCIATED_BY_TAG]: "us" } };
    const marked = applyAction(withInstances(MADE), { kind: "CreateTags", ...of });
    expect(marked.instances?.found.map(({ isMarked }) => isMarked)).toEqual([true, false, false]);
    const unmarked = foundAfter(marked, { kind: "DeleteTags", ...of });
    expect(unmarked.map(({ isMarked }) => isMarked)).toEqual([false, false, false]);
  });
});
