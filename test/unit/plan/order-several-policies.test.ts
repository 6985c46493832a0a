import { describe, expect, test } from "vitest";
import type { Statement } from "../../../src/api/instance-profile.ts";
import { compileAccess } from "../../../src/model/access/evaluate/evaluate.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import type { JsonValue } from "../../../src/model/policy/policy-json.ts";
import { diff } from "../../../src/plan/diff.ts";
import { aPolicy, desiredOf, NOTHING, type SpecOverrides, stateAfter } from "../../support/builders.ts";

const allow = (...actions: string[]): Statement => ({ effect: "Allow", actions, resources: ["*"] });
const deny = (...actions: string[]): Statement => ({ effect: "Deny", actions, resources: ["*"] });
const [M1, M2] = ["arn:aws:iam::aws:policy/M1", "arn:aws:iam::aws:policy/M2"];

/** Inline policies by name. */
function policies(all: Readonly<Record<string, readonly Statement[]>>, more: SpecOverrides = {}): SpecOverrides {
  return { ...more, inlinePolicies: Object.entries(all).map(([name, statements]) => aPolicy(statements, name, name)) };
}

function created(spec: SpecOverrides): ObservedState {
  return stateAfter(NOTHING, diff(desiredOf(spec), NOTHING).actions);
}

/** The writes of policies from one spec to another, in order. */
function edit(from: SpecOverrides, to: SpecOverrides): readonly string[] {
  return writesOf(created(from), to);
}

function writesOf(state: ObservedState, to: SpecOverrides): readonly string[] {
  return diff(desiredOf(to), state)
    .actions.filter(({ kind }) => /Policy$/.test(kind))
    .map((action) => {
      if ("policyName" in action) return `${action.kind.replace("RolePolicy", "")} ${action.policyName}`;
      return "policyArn" in action
        ? `${action.kind.replace("RolePolicy", "")} ${action.policyArn.slice(-2)}`
        : action.kind;
    });
}

describe("each inline policy is one write", () => {
  const three = { a: [allow("s3:Get*")], b: [allow("ec2:Describe*")], c: [deny("iam:*")] };

  test("when the role is created, what denies first", () => {
    expect(writesOf(NOTHING, policies(three))).toEqual(["Put c", "Put a", "Put b"]);
  });

  test("when one of them changes, is added or goes", () => {
    expect(edit(policies(three), policies(three))).toEqual([]);
    expect(edit(policies(three), policies({ ...three, a: [allow("s3:List*")] }))).toEqual(["Put a"]);
    expect(edit(policies({ a: three.a, b: three.b }), policies(three))).toEqual(["Put c"]);
    expect(edit(policies(three), policies({ a: three.a, c: three.c }))).toEqual(["Delete b"]);
  });

  test("when all change independently", () => {
    const other = { a: [allow("s3:Put*")], b: [allow("ec2:RunInstances")] };
    expect(edit(policies({ a: three.a, b: three.b }), policies(other))).toEqual(["Put a", "Put b"]);
  });

  test("when the trust policy is replaced too, and each only narrows", () => {
    const trust = (service: string): SpecOverrides => ({ trust: { services: [service], statements: [] } });
    const from = policies({ a: [allow("s3:*")], b: [allow("ec2:*")] }, trust("ec2.amazonaws.com"));
    const to = policies({ a: [allow("s3:Get*")], b: [allow("ec2:Describe*")] }, trust("ssm.amazonaws.com"));
    expect(edit(from, to)).toEqual(["Put a", "Put b", "UpdateAssumeRolePolicy"]);
  });
});

describe("what old and new allow stays allowed", () => {
  test("when a statement moves to another policy", () => {
    const [read, write, list] = [allow("s3:Get*"), allow("s3:Put*"), allow("ec2:Describe*")];
    const moved = policies({ a: [write], b: [list, read] });
    expect(edit(policies({ a: [read, write], b: [list] }), moved)).toEqual(["Put b", "Put a"]);
  });

  test("when a policy is split in two, and when two are joined", () => {
    const [read, list] = [allow("s3:Get*"), allow("ec2:Describe*")];
    const split = policies({ a: [read], b: [list] });
    expect(edit(policies({ app: [read, list] }), split)).toEqual(["Put a", "Put b", "Delete app"]);
    expect(edit(split, policies({ app: [read, list] }))).toEqual(["Put app", "Delete a", "Delete b"]);
  });

  test("when two policies swap their statements, which takes one write more", () => {
    const [read, list] = [allow("s3:Get*"), allow("ec2:Describe*")];
    const swapped = policies({ a: [list], b: [read] });
    expect(edit(policies({ a: [read], b: [list] }), swapped)).toEqual(["Put a", "Put b", "Put a"]);
  });

  test("when managed policies change at once: they are attached before anything goes, and detached last", () => {
    const from = policies({ a: [allow("s3:*")], b: [allow("ec2:*")] }, { managedPolicyArns: [M1] });
    const to = policies({ a: [allow("sqs:*")], b: [allow("sns:*")] }, { managedPolicyArns: [M2] });
    expect(edit(from, to)).toEqual(["Attach M2", "Put a", "Put b", "Detach M1"]);
  });
});

test("a Deny that moves to another policy is there before it goes", () => {
  const [all, no] = [allow("s3:*"), deny("s3:Delete*")];
  expect(
    edit(policies({ a: [all, no], b: [allow("ec2:*")] }), policies({ a: [all], b: [allow("ec2:*"), no] })),
  ).toEqual(["Put b", "Put a"]);
});

test("policies that leave no room for each other are not written beside each other", () => {
  const sized = (letter: string): Statement => ({
    effect: "Allow",
    actions: ["s3:*"],
    resources: [`arn:aws:s3:::${letter.repeat(4_900)}`],
  });
  const from = policies({ a: [sized("a")], b: [sized("b")] });
  const to = policies({ c: [sized("a")], d: [sized("b")] });
  const writes = edit(from, to);
  expect(writes).toHaveLength(4);
  expect(writes[0]).toMatch(/^Delete/);
});

describe("where IAM has no room for old and new policies together, no Deny is missing between", () => {
  const [one, other] = [deny("s3:Delete*"), deny("iam:*")];
  const long = ({ effect, actions = [] }: Statement, letter: string, chars: number): Statement => ({
    ...{ effect, actions },
    resources: ["*", `arn:aws:s3:::${letter.repeat(chars)}`],
  });
  const many = (prefix: string): Record<string, readonly Statement[]> =>
    Object.fromEntries(
      Array.from({ length: 14 }, (_, i) => [`${prefix}${i}`, [long(allow(`s3:Get${i}`), prefix, 480)]]),
    );
  /** What an attached policy allows. */
  const ATTACHED: JsonValue = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  };
  /** For each prefix of the edit, whether one of the policies denies it. */
  const isDeniedBetween = (from: SpecOverrides, to: SpecOverrides, action: string): readonly boolean[] => {
    const start = created(from);
    const { actions } = diff(desiredOf(to), start);
    return actions.map((_, index) => {
      const { role } = stateAfter(start, actions.slice(0, index + 1));
      const documents = role.presence === "present" ? Object.values(role.inlinePolicyDocuments) : [];
      const inline = documents.map((text): JsonValue => JSON.parse(text));
      const access = compileAccess({ use: "permissions", layers: [[ATTACHED, ...inline]] });
      return !access.evaluate({ action, resource: "*", context: new Map() }).isAllowed;
    });
  };

  test.each<[string, SpecOverrides, SpecOverrides]>([
    [
      "the Deny moves, and fourteen policies are replaced",
      policies({ a: [long(one, "a", 1_000)], ...many("x") }),
      policies({ b: [long(one, "b", 1_000)], ...many("y") }),
    ],
    [
      "it moves to a policy that stays, and the trust policy is replaced",
      policies({ a: [long(one, "a", 4_000)], b: [long(other, "b", 5_000)] }),
      policies(
        { a: [long(other, "c", 4_000)], b: [long(one, "d", 5_000)] },
        { trust: { services: ["ssm.amazonaws.com"], statements: [] } },
      ),
    ],
  ])("when %s", (_what, from, to) => {
    expect(isDeniedBetween(from, to, "s3:DeleteObject")).not.toContain(false);
  });
});
