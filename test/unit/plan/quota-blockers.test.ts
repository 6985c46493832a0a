import { describe, expect, test } from "vitest";
import type { AccountQuotas } from "../../../src/model/account-quotas.ts";
import type { ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { countBlockers, quotaBlockers, withCreations } from "../../../src/plan/quota-blockers.ts";
import { createdState, desiredOf, NOTHING, type SpecOverrides } from "../../support/builders.ts";

const UNKNOWN: AccountQuotas = {
  roles: undefined,
  instanceProfiles: undefined,
  policies: undefined,
  managedPolicyChars: undefined,
  inlinePoliciesChars: undefined,
  trustPolicyChars: undefined,
  managedPoliciesPerRole: undefined,
};
const FULL = { used: 10, quota: 10 };
const POLICIES = ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"];

/** The messages that block the plan for the spec under these quotas. */
function messagesOf(
  quotas: Partial<AccountQuotas> | undefined,
  spec: SpecOverrides = {},
  observed: ObservedState = NOTHING,
): readonly string[] {
  const desired = desiredOf(spec);
  const all = quotas && { ...UNKNOWN, ...quotas };
  const blockers = quotaBlockers(desired, diff(desired, observed), all);
  expect(blockers.every(({ reason }) => reason === "QuotaExceeded")).toBe(true);
  return blockers.map(({ message }) => message);
}

test("a quota that is not known blocks nothing", () => {
  expect(messagesOf(undefined)).toEqual([]);
  expect(messagesOf({})).toEqual([]);
});

describe("a plan that creates", () => {
  test("a role is blocked while the account has no room for another role", () => {
    expect(messagesOf({ roles: { used: 9, quota: 10 } })).toEqual([]);
    expect(messagesOf({ roles: FULL })).toEqual([
      "role app cannot be created: the AWS account has as many roles as its IAM quota allows (10). Ask AWS for a higher quota, or " +
        "delete unused roles; the controller then retries.",
    ]);
  });

  test("an instance profile is blocked while the account has no room for another one", () => {
    expect(messagesOf({ instanceProfiles: { used: 9, quota: 10 } })).toEqual([]);
    expect(messagesOf({ instanceProfiles: FULL })).toEqual([
      expect.stringMatching(/^instance profile app cannot be created: .* as many instance profiles as its IAM quota/),
    ]);
  });

  test("nothing is not blocked by a full account", () => {
    expect(messagesOf({ roles: FULL, instanceProfiles: FULL }, {}, createdState())).toEqual([]);
  });
});

describe("a policy that is longer than the quota", () => {
  const { role } = desiredOf();
  const trustPolicyChars = role.trustPolicy.sizeChars;
  const inlinePoliciesChars = role.inlinePolicies[0]?.document.sizeChars ?? 0;

  test("blocks the plan that writes it", () => {
    expect(messagesOf({ trustPolicyChars, inlinePoliciesChars })).toEqual([]);
    expect(messagesOf({ trustPolicyChars: trustPolicyChars - 1 })).toEqual([
      `the trust policy has ${trustPolicyChars} characters without white space, and IAM allows ${trustPolicyChars - 1} in this account. ` +
        "Shorten spec.trust, or move a part of it to managed policies.",
    ]);
    expect(messagesOf({ inlinePoliciesChars: inlinePoliciesChars - 1 })).toEqual([
      expect.stringMatching(/^the inline policy has \d+ characters without white space, .* Shorten spec\.statements/),
    ]);
  });

  test("blocks also the plan that changes the policy of an existing role", () => {
    const before = createdState({
      statements: [],
      trust: { services: ["lambda.amazonaws.com"], statements: [] },
    });
    const quotas = { trustPolicyChars: trustPolicyChars - 1, inlinePoliciesChars: inlinePoliciesChars - 1 };
    expect(messagesOf(quotas, {}, before)).toHaveLength(2);
  });

  test("does not block a plan that leaves the policy as it is", () => {
    const quotas = { trustPolicyChars: 1, inlinePoliciesChars: 1, managedPoliciesPerRole: 0 };
    expect(messagesOf(quotas, { description: "changed" }, createdState())).toEqual([]);
  });
});

describe("more managed policies than the quota", () => {
  test("block the plan that attaches them", () => {
    expect(messagesOf({ managedPoliciesPerRole: 2 }, { managedPolicyArns: POLICIES })).toEqual([]);
    expect(messagesOf({ managedPoliciesPerRole: 1 }, { managedPolicyArns: POLICIES })).toEqual([
      "role app would have 2 managed policies, and IAM allows 1 in this account. Name fewer in spec.managedPolicyArns and spec.managedPolicies, detach " +
        "unmanaged policies, or ask AWS for a higher quota.",
    ]);
  });

  test("include the unmanaged policies on the role, but no unmanaged inline policies", () => {
    const { role, ...others } = createdState();
    const managedPolicyArns = ["arn:aws:iam::aws:policy/Unmanaged"];
    const before = { ...others, role: { ...role, managedPolicyArns, inlinePolicyNames: ["app", "unmanaged"] } };
    expect(messagesOf({ managedPoliciesPerRole: 3 }, { managedPolicyArns: POLICIES }, before)).toEqual([]);
    expect(messagesOf({ managedPoliciesPerRole: 2 }, { managedPolicyArns: POLICIES }, before)).toHaveLength(1);
  });
});

test("the creations of a plan use up the quota for the plans after it, those of a blocked plan do not", () => {
  const quotas = { ...UNKNOWN, roles: { used: 9, quota: 10 }, instanceProfiles: { used: 9, quota: 10 } };
  const plan = diff(desiredOf(), NOTHING);
  expect(countBlockers(plan, quotas)).toEqual([]);
  expect(countBlockers(plan, withCreations(quotas, plan))).toHaveLength(2);
  const blocked: Plan = { ...plan, blockers: [{ reason: "AlreadyExists", message: "" }] };
  expect(withCreations(quotas, blocked)).toEqual(quotas);
  expect(withCreations(UNKNOWN, plan)).toEqual(UNKNOWN);
});
