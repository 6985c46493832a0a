import { describe, expect, test } from "vitest";
import { FORCE_DELETE_ANNOTATION } from "../../../src/api/instance-profile.ts";
import { type DesiredAbsent, desiredState } from "../../../src/model/desired-state.ts";
import type {
  ObservedAssociation,
  ObservedInstance,
  ObservedInstances,
} from "../../../src/model/instances/instance.ts";
import { guardInstances, listed, unsearchedNotes } from "../../../src/plan/instances/guard-instances.ts";
import { anInstance, anInstanceProfile, CLUSTER_ID, createdState } from "../../support/builders.ts";

const FORCED = { [FORCE_DELETE_ANNOTATION]: "true" };
const ASSOCIATION = anInstance().association as ObservedAssociation;

/** An object in deletion. */
function inDeletion(annotations: Record<string, string> = {}, forceDeniedBy?: string): DesiredAbsent {
  const object = anInstanceProfile({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", annotations } });
  return desiredState(object, CLUSTER_ID, { allowsAdoption: false, forceDeniedBy }) as DesiredAbsent;
}

function guarded(
  found: readonly ObservedInstance[],
  desired = inDeletion(),
  unsearched: ObservedInstances["unsearched"] = [],
) {
  return guardInstances(desired, { ...createdState(), instances: { found, missingIds: [], unsearched } });
}

const reasonsFor = (...found: readonly ObservedInstance[]): readonly string[] =>
  guarded(found).blockers.map(({ reason }) => reason);

describe("the deletion of an instance profile", () => {
  test("is blocked while an instance uses it that the controller has not associated", () => {
    expect(guarded([anInstance()]).blockers).toEqual([
      {
        reason: "InstancesUseProfile",
        message:
          "instance profile app is in use by i-1 (eu-west-1). Terminate them or associate another instance profile; the controller then " +
          `continues the deletion. The annotation ${FORCE_DELETE_ANNOTATION}: "true" deletes it anyway, and the instances lose their ` +
          "credentials.",
      },
    ]);
  });

  test("is blocked also while the association is not complete", () => {
    const association = { ...ASSOCIATION, state: "associating" } as const;
    expect(reasonsFor(anInstance({ association }))).toEqual(["InstancesUseProfile"]);
  });

  test("is not blocked by an instance without a profile, with another profile, or that loses it", () => {
    const other = { ...ASSOCIATION, profileArn: "arn:aws:iam::123456789012:instance-profile/other" };
    const leaving = { ...ASSOCIATION, state: "disassociating" } as const;
    const without = anInstance({ association: undefined });
    expect(reasonsFor(without, anInstance({ association: other }), anInstance({ association: leaving }))).toEqual([]);
  });

  test("is not blocked by an instance that the plan disassociates, because the controller associated it", () => {
    expect(reasonsFor(anInstance({ isMarked: true }))).toEqual([]);
  });

  test("is blocked by a marked instance while EC2 does not list its association, which cannot be removed yet", () => {
    const association = { ...ASSOCIATION, associationId: "" };
    expect(reasonsFor(anInstance({ isMarked: true, association }))).toEqual(["InstancesUseProfile"]);
  });

  test("names only the users among the instances", () => {
    const marked = anInstance({ instanceId: "i-2", isMarked: true });
    expect(guarded([anInstance(), marked]).blockers[0]?.message).toMatch(/in use by i-1 \(eu-west-1\)\. Terminate/);
  });

  test("is not blocked where no instance was looked for", () => {
    expect(guardInstances(inDeletion(), createdState())).toEqual({ blockers: [], notes: [] });
  });
});

describe("a forced deletion", () => {
  test("continues, and notes the instances that lose their credentials", () => {
    expect(guarded([anInstance()], inDeletion(FORCED))).toEqual({
      blockers: [],
      notes: [
        {
          reason: "DeletedInUse",
          message:
            "force-delete: deletes instance profile app although i-1 (eu-west-1) use it; they lose their credentials",
        },
      ],
    });
  });

  test("is blocked where the class does not allow it, and the message names the class", () => {
    expect(guarded([anInstance()], inDeletion(FORCED, "readers")).blockers[0]?.message).toMatch(
      new RegExp(`continues the deletion; class readers does not allow the annotation ${FORCE_DELETE_ANNOTATION}\\.$`),
    );
  });
});

test("a region that could not be searched is noted, with and without users elsewhere", () => {
  const unsearched = [{ region: "eu-west-2", why: "AccessDenied" }];
  const notes = unsearchedNotes("app", unsearched);
  expect(notes).toMatchObject([{ reason: "InstancesNotSearched", message: expect.stringContaining("eu-west-2") }]);
  expect(guarded([], inDeletion(), unsearched)).toEqual({ blockers: [], notes });
  expect(guarded([anInstance()], inDeletion(), unsearched).notes).toEqual(notes);
  expect(guarded([anInstance()], inDeletion(FORCED), unsearched).notes).toEqual([...notes, expect.anything()]);
});

test("a message names at most 20 instances, and counts the others", () => {
  const users = Array.from({ length: 22 }, (_, i) => ({ instanceId: `i-${i}`, region: "eu-west-1" }));
  expect(listed(users.slice(0, 20))).toMatch(/, i-19 \(eu-west-1\)$/);
  expect(listed(users)).toMatch(/, i-19 \(eu-west-1\), 2 more$/);
});
