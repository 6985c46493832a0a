import { describe, expect, test } from "vitest";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { desiredOf, NOTHING, type SpecOverrides, stateAfter } from "../../support/builders.ts";

type Spec = SpecOverrides;

const allow = (...actions: string[]) => ({ effect: "Allow" as const, actions, resources: ["*"] });
const deny = (...actions: string[]) => ({ effect: "Deny" as const, actions, resources: ["*"] });
const [M1, M2] = ["arn:aws:iam::aws:policy/M1", "arn:aws:iam::aws:policy/M2"];
const [B1, B2] = ["arn:aws:iam::1:policy/b1", "arn:aws:iam::1:policy/b2"];

/** The writes that grant or take away, in order, from one spec to another. */
function edit(from: Spec, to: Spec): string[] {
  return writes(stateAfter(NOTHING, diff(desiredOf(from), NOTHING).actions), to);
}

/** The same after an edit that was cut off when it had written its inline policy, under another name. */
function editAfter(from: Spec, cutOff: Spec, to: Spec): string[] {
  const start = stateAfter(NOTHING, diff(desiredOf(from), NOTHING).actions);
  const { actions } = diff(desiredOf(cutOff), start);
  const written = actions.slice(0, actions.findIndex(({ kind }) => kind === "PutRolePolicy") + 1);
  return writes(stateAfter(start, written), to);
}

function writes(start: ObservedState, to: Spec): string[] {
  return diff(desiredOf(to), start)
    .actions.filter(({ kind }) => !/^(Tag|Untag)/.test(kind))
    .map((action) => {
      if ("policyName" in action) return `${action.kind} ${action.policyName}`;
      return "policyArn" in action ? `${action.kind} ${action.policyArn.slice(-2)}` : action.kind;
    });
}

describe("what replaces something is there before that goes", () => {
  test("a policy under another name", () => {
    expect(edit({ policyName: "a" }, { policyName: "b" })).toEqual(["PutRolePolicy b", "DeleteRolePolicy a"]);
  });

  test("a managed policy", () => {
    expect(edit({ managedPolicyArns: [M1] }, { managedPolicyArns: [M2] })).toEqual([
      ...["AttachRolePolicy M2", "DetachRolePolicy M1"],
    ]);
  });

  test("statements that move into a managed policy, and out of one", () => {
    const inline = { statements: [allow("s3:*")] };
    const managed = { statements: [], managedPolicyArns: [M1] };
    expect(edit(inline, managed)).toEqual(["AttachRolePolicy M1", "DeleteRolePolicy app"]);
    expect(edit(managed, inline)).toEqual(["PutRolePolicy app", "DetachRolePolicy M1"]);
  });

  test("unless both are too much for one role", () => {
    const sized = (chars: number) => ({ statements: [{ ...allow("s3:*"), resources: ["r".repeat(chars - 90)] }] });
    const renamed = (chars: number): string[] =>
      edit({ ...sized(chars), policyName: "a" }, { ...sized(chars), policyName: "b" });
    const wrapping = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":[""]}]}'
      .length;
    expect(renamed(5_120 + 90 - wrapping)).toEqual(["PutRolePolicy b", "DeleteRolePolicy a"]);
    expect(renamed(5_121 + 90 - wrapping)).toEqual(["DeleteRolePolicy a", "PutRolePolicy b"]);
  });
});

describe("a denial that goes, goes after what it held back", () => {
  const denying = { statements: [allow("s3:*"), deny("s3:Delete*")] };

  test("a managed policy leaves first", () => {
    expect(edit({ ...denying, managedPolicyArns: [M1] }, { statements: [allow("s3:*")] })).toEqual([
      ...["DetachRolePolicy M1", "PutRolePolicy app"],
    ]);
  });

  test("a managed policy comes after a denial that comes", () => {
    expect(edit({ statements: [allow("s3:*")] }, { ...denying, managedPolicyArns: [M1] })).toEqual([
      ...["PutRolePolicy app", "AttachRolePolicy M1"],
    ]);
  });
});

describe("around a boundary that is replaced", () => {
  const bounded = (boundary: string | undefined, spec: Spec): Spec => ({
    ...spec,
    ...(boundary !== undefined && { permissionsBoundaryArn: boundary }),
  });

  test("what narrows comes before it, what widens after it", () => {
    const [narrow, wide] = [{ statements: [allow("s3:Get*")] }, { statements: [allow("s3:Get*", "s3:List*")] }];
    expect(edit(bounded(B1, wide), bounded(B2, narrow))).toEqual([
      ...["PutRolePolicy app", "PutRolePermissionsBoundary"],
    ]);
    expect(edit(bounded(B1, narrow), bounded(B2, wide))).toEqual([
      ...["PutRolePermissionsBoundary", "PutRolePolicy app"],
    ]);
  });

  test("managed policies leave before it and come after it", () => {
    expect(edit(bounded(B1, { managedPolicyArns: [M1] }), bounded(B2, { managedPolicyArns: [M2] }))).toEqual([
      ...["DetachRolePolicy M1", "PutRolePermissionsBoundary", "AttachRolePolicy M2"],
    ]);
  });

  test("a policy that only gets another name does so before it", () => {
    expect(edit(bounded(B1, { policyName: "a" }), bounded(B2, { policyName: "b" }))).toEqual([
      ...["PutRolePolicy b", "DeleteRolePolicy a", "PutRolePermissionsBoundary"],
    ]);
  });

  test("a policy that gives and takes passes through what both have in common, with the Sids left out", () => {
    const old = { statements: [{ ...allow("s3:Get*"), sid: "Get" }, allow("ec2:*")] };
    const wanted = { statements: [{ ...allow("s3:Get*"), sid: "Fetch" }, allow("sqs:*")] };
    const start = stateAfter(NOTHING, diff(desiredOf(bounded(B1, old)), NOTHING).actions);
    const [put] = diff(desiredOf(bounded(B2, wanted)), start).actions;
    expect(put).toMatchObject({
      kind: "PutRolePolicy",
      document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*"],"Resource":["*"]}]}',
    });
  });

  test("a common ground that is too large for IAM is passed by way of no policy at all", () => {
    const denies = (n: number) => Array.from({ length: n }, (_, i) => deny(`s3:Delete${i}${"x".repeat(600)}`));
    const from = bounded(B1, { statements: [allow("a:b"), ...denies(9)] });
    const to = bounded(B2, { statements: [allow("c:d"), ...denies(9).map((it) => ({ ...it, resources: ["arn:x"] }))] });
    expect(edit(from, to)).toEqual(["DeleteRolePolicy app", "PutRolePermissionsBoundary", "PutRolePolicy app"]);
  });

  test("a denial that nothing replaces stays until it has passed", () => {
    const from = bounded(B1, { statements: [allow("s3:*"), deny("s3:Delete*")], managedPolicyArns: [M1] });
    const to = bounded(B2, { statements: [], managedPolicyArns: [M1] });
    expect(edit(from, to)).toEqual(["PutRolePolicy app", "PutRolePermissionsBoundary", "DeleteRolePolicy app"]);
  });
});

describe("a document that nobody can read", () => {
  const unreadable = (documents: Partial<ObservedRole>): string[] => {
    const start = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);
    const role = { ...(start.role as ObservedRole), ...documents };
    return diff(desiredOf(), { ...start, role }).actions.map(({ kind }) => kind);
  };

  test("is replaced in one write", () => {
    expect(unreadable({ inlinePolicyDocuments: { app: "%%%" } })).toEqual(["PutRolePolicy"]);
    expect(unreadable({ trustPolicy: "[]" })).toEqual(["UpdateAssumeRolePolicy"]);
  });

  test("counts for anything: nobody new is let in while it is there", () => {
    expect(unreadable({ inlinePolicyDocuments: { app: "%%%" }, trustPolicy: "[]" })).toEqual([
      ...["DeleteRolePolicy", "UpdateAssumeRolePolicy", "PutRolePolicy"],
    ]);
  });
});

describe("after an edit that was cut off, a Deny goes after what it denies", () => {
  const old = { policyName: "b", statements: [allow("s3:*")] };
  const denying = { policyName: "a", statements: [deny("*")] };

  test("when both policies are to go", () => {
    const trust = { services: ["lambda.amazonaws.com"], statements: [] };
    const none = { policyName: "c", statements: [], trust };
    const [allowing, pivot] = [{ ...old, policyName: "a" }, "UpdateAssumeRolePolicy"];
    expect(editAfter(old, denying, none)).toEqual([pivot, "DeleteRolePolicy b", "DeleteRolePolicy a"]);
    expect(editAfter({ ...denying, policyName: "b" }, allowing, none)).toEqual([
      ...[pivot, "DeleteRolePolicy a", "DeleteRolePolicy b"],
    ]);
  });

  test("when the desired policy replaces it", () => {
    const wanted = { policyName: "a", statements: [allow("ec2:*")] };
    expect(editAfter(old, denying, wanted)).toEqual(["DeleteRolePolicy b", "PutRolePolicy a"]);
    const trust = { services: ["lambda.amazonaws.com"], statements: [] };
    const pivot = ["DeleteRolePolicy b", "UpdateAssumeRolePolicy", "PutRolePolicy a"];
    expect(editAfter(old, denying, { ...wanted, trust })).toEqual(pivot);
  });

  test("and managed policies are attached before a policy goes, and detached while its Deny still holds", () => {
    const wanted = { policyName: "a", statements: [allow("ec2:*")], managedPolicyArns: [M2] };
    const before = { managedPolicyArns: [M1] };
    expect(editAfter({ ...old, ...before }, { ...denying, ...before }, wanted)).toEqual([
      ...["AttachRolePolicy M2", "DeleteRolePolicy b", "PutRolePolicy a", "DetachRolePolicy M1", "PutRolePolicy a"],
    ]);
  });
});
