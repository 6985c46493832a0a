import { describe, expect, test } from "vitest";
import type { ObservedInstances } from "../../../src/model/instances/instance.ts";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { desiredAbsence, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);
const NOBODY: ObservedInstances = { found: [], missingIds: [], unsearched: [] };
const WEB = { launchTemplateId: "lt-1", launchTemplateName: "web", region: "eu-west-1" };
const FORCE = { annotations: { "iam.instanceprofile.dev/force-delete": "true" } };
const DELETED = { deletionTimestamp: "2026-01-02T00:00:00Z" };

function planOf(instances: ObservedInstances, metadata: object = {}, lastUsed?: ObservedRole["lastUsed"]) {
  const role = { ...(MADE.role as ObservedRole), ...(lastUsed !== undefined && { lastUsed }) };
  const observed: ObservedState = { ...MADE, role, instances };
  return diff(desiredAbsence({}, { ...DELETED, ...metadata }), observed);
}

describe("a launch template that names the instance profile", () => {
  const named = { ...NOBODY, launchTemplates: [WEB] };

  test("blocks its deletion, and is named", () => {
    const [blocker] = planOf(named).blockers;
    expect(blocker?.reason).toBe("LaunchTemplatesUseProfile");
    expect(blocker?.message).toContain("instance profile app is named by launch template web (lt-1, eu-west-1).");
  });

  test("does not block a forced deletion, which reports it", () => {
    const { blockers, notes } = planOf(named, FORCE);
    expect([blockers, notes?.map(({ reason }) => reason)]).toEqual([[], ["DeletedInUse"]]);
  });
});

describe("a use of the role when nothing was found that uses the instance profile", () => {
  const used = (at: string) => planOf(NOBODY, {}, { at, region: "eu-west-1" }).notes?.map(({ message }) => message);

  test("is reported with its time and region when it is recent", () => {
    expect(used("2026-01-01T23:55:00Z")).toEqual([
      expect.stringMatching(/^no instance .* role app was last used at 2026-01-01T23:55:00Z in eu-west-1$/),
    ]);
  });

  test("is not reported when it was more than a day before the deletion", () => {
    expect(used("2025-12-31T23:59:59Z")).toBeUndefined();
  });

  test("blocks nothing", () => {
    expect(planOf(NOBODY, {}, { at: "2026-01-01T23:55:00Z", region: undefined }).blockers).toEqual([]);
  });
});

test("what was not searched is one note for the instances and one for the launch templates, whatever the number of regions", () => {
  const unsearched = ["eu-west-1", "us-east-1"].flatMap((region) => [
    { region, why: "denied" },
    { region, isOfTemplates: true as const, why: "denied" },
  ]);
  expect(planOf({ ...NOBODY, unsearched }).notes?.map(({ message }) => message)).toEqual([
    "regions eu-west-1, us-east-1 were not searched for instances that use instance profile app: denied",
    "regions eu-west-1, us-east-1 were not searched for launch templates that name instance profile app: denied",
  ]);
});
