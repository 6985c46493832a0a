import { describe, expect, test } from "vitest";
import { ConflictError } from "../../../src/errors.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { assertProved } from "../../../src/plan/proof.ts";
import { createdState, desiredAbsence, desiredOf, NOTHING } from "../../support/builders.ts";

const CREATED = createdState();
const NAMES = { roleName: "app-role", instanceProfileName: "app-profile" };

/** What is raised for the writes; undefined if they are proved. */
function raised(
  desired: Parameters<typeof assertProved>[0],
  observed: ObservedState,
  actions: readonly Action[],
): unknown {
  try {
    return assertProved(desired, observed, actions);
  } catch (error) {
    return error;
  }
}

test("writes to what a read proved, and to what the plan creates, are allowed", () => {
  expect(raised(desiredOf(), CREATED, diff(desiredOf({ description: "new" }), CREATED).actions)).toBeUndefined();
  expect(raised(desiredOf(), NOTHING, diff(desiredOf(), NOTHING).actions)).toBeUndefined();
});

describe("a write that no read proved is a conflict, and the controller retries", () => {
  const message = (entity: string): ConflictError =>
    new ConflictError(
      `IAM does not show ${entity} with the owner tags of this object yet, so the controller writes nothing to it. The controller retries.`,
      { reason: "NotYetVisible" },
    );

  test("for the role", () => {
    const actions = diff(desiredOf(NAMES), createdState(NAMES)).actions;
    expect(actions).toEqual([]);
    const write: Action = {
      kind: "PutRolePolicy",
      roleName: "app-role",
      policyName: "app",
      document: "{}",
      changes: [],
    };
    expect(raised(desiredOf(NAMES), NOTHING, [write])).toEqual(message("role app-role"));
    expect(raised(desiredAbsence(NAMES), NOTHING, [{ kind: "DeleteRole", roleName: "app-role" }])).toEqual(
      message("role app-role"),
    );
  });

  test("for the instance profile", () => {
    const write: Action = { kind: "DeleteInstanceProfile", instanceProfileName: "app-profile" };
    expect(raised(desiredOf(NAMES), NOTHING, [write])).toEqual(message("instance profile app-profile"));
    expect(raised(desiredAbsence(NAMES), NOTHING, [write])).toMatchObject({ reason: "NotYetVisible" });
  });

  test("also when another object owns the entity by now", () => {
    const tags = { ...CREATED.role.tags, [TAG_KEYS.name]: "other" };
    const write: Action = { kind: "DeleteRole", roleName: "app" };
    expect(raised(desiredOf(), { ...CREATED, role: { ...CREATED.role, tags } }, [write])).toBeInstanceOf(ConflictError);
  });
});
