import { describe, expect, test } from "vitest";
import type { TrustStatement } from "../../../src/api/instance-profile.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";

const SELF = "arn:aws:iam::123456789012:role/app";

/** What the first and the second write say of the trust of a new role named `app`. */
function trustWrites(statements: readonly TrustStatement[], services: readonly string[] = [], path = "/"): string[] {
  const { actions } = diff(desiredOf({ path, trust: { services, statements } }), NOTHING);
  return actions.flatMap((action: Action) =>
    action.kind === "CreateRole" || action.kind === "UpdateAssumeRolePolicy" ? [action.document] : [],
  );
}

function allow(...aws: string[]): TrustStatement {
  return { effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws } };
}

describe("a role that trusts itself", () => {
  test("is created without that statement, and gets the whole trust policy last", () => {
    const desired = desiredOf({ trust: { services: ["ec2.amazonaws.com"], statements: [allow(SELF)] } });
    const { actions } = diff(desired, NOTHING);
    expect(actions.map(({ kind }) => kind)).toEqual([
      "CreateRole",
      "PutRolePolicy",
      "UpdateAssumeRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
    ]);
    const [first = "", second = ""] = trustWrites([allow(SELF)], ["ec2.amazonaws.com"]);
    expect(first).toContain("ec2.amazonaws.com");
    expect(first).not.toContain(SELF);
    expect(second).toBe(desired.role.trustPolicy.text);
    expect(diff(desired, stateAfter(NOTHING, actions)).actions).toEqual([]);
    const interrupted = diff(desired, stateAfter(NOTHING, [...actions.slice(0, 1), ...actions.slice(3)])).actions;
    expect(interrupted.at(-1)).toMatchObject({ kind: "UpdateAssumeRolePolicy", document: second });
  });

  test("alone: no principal can assume it until the trust policy is written", () => {
    expect(trustWrites([allow(SELF)])[0]).toMatch(/"Effect":"Deny","Principal":\{"AWS":\["\*"\]\}/);
  });

  test("beside others in one statement: none of them is trusted earlier, and none is forgotten", () => {
    const [first = "", second = ""] = trustWrites([allow("123456789012"), allow(SELF, "210987654321")]);
    expect([first.includes("123456789012"), first.includes("210987654321")]).toEqual([true, false]);
    expect(second).toContain("210987654321");
  });

  test("and denies itself something: nobody is trusted before the Deny holds", () => {
    const deny: TrustStatement = { ...allow(SELF), effect: "Deny" };
    const [first = "", second = ""] = trustWrites([allow("123456789012"), deny]);
    expect(first).not.toContain("123456789012");
    expect(second).toContain("123456789012");
  });

  test.each([
    ["by a path", "arn:aws:iam::123456789012:role/team/app", "/team/"],
    ["in other letters", "arn:aws:iam::123456789012:role/App", "/"],
    ["by a session", "arn:aws:sts::123456789012:assumed-role/app/i-0123", "/"],
    ["in China", "arn:aws-cn:iam::123456789012:role/app", "/"],
  ])("is known %s", (_, arn, path) => {
    expect(trustWrites([allow(arn)], [], path)).toHaveLength(2);
  });
});

test.each([
  ["another role", "arn:aws:iam::123456789012:role/other", "/"],
  ["a role of its name under another path", "arn:aws:iam::123456789012:role/app", "/team/"],
  ["a user of its name", "arn:aws:iam::123456789012:user/app", "/"],
  ["the account", "arn:aws:iam::123456789012:root", "/"],
  ["everyone", "*", "/"],
])("a role that trusts %s is created with its whole trust policy in one write", (_, arn, path) => {
  expect(trustWrites([allow(arn)], [], path)).toHaveLength(1);
});

test("a role whose trust policy shows the id of its deleted predecessor gets its trust policy again", () => {
  const desired = desiredOf({ trust: { services: [], statements: [allow(SELF)] } });
  const state = stateAfter(NOTHING, diff(desired, NOTHING).actions);
  const role = { ...state.role, trustPolicy: desired.role.trustPolicy.text.replace(SELF, "AROAEXAMPLEEXAMPLE234") };
  const { actions } = diff(desired, { ...state, role } as typeof state);
  expect(actions).toMatchObject([{ kind: "UpdateAssumeRolePolicy", document: desired.role.trustPolicy.text }]);
});
