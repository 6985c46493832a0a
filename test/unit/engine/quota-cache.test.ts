import { beforeEach, describe, expect, test } from "vitest";
import { QuotaCache } from "../../../src/engine/observe/quota-cache.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import type { AccountReader } from "../../../src/engine/ports.ts";
import { observeAndPlan } from "../../../src/engine/reconcile/observe-and-plan.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import type { AccountQuotas } from "../../../src/model/account-quotas.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { desiredAbsence, desiredOf } from "../../support/builders.ts";

const { signal } = new AbortController();
const ROOM: AccountQuotas = {
  roles: { used: 1, quota: 1_000 },
  instanceProfiles: { used: 1, quota: 1_000 },
  policies: undefined,
  managedPolicyChars: undefined,
  inlinePoliciesChars: 10_240,
  trustPolicyChars: 2_048,
  managedPoliciesPerRole: 10,
};

let answer: AccountQuotas | Error;
let asked: number;
let nowMs: number;
let quotas: QuotaCache;
beforeEach(() => {
  [answer, asked, nowMs] = [ROOM, 0, 0];
  const getQuotas = async (): Promise<AccountQuotas> => {
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  quotas = new QuotaCache({ getQuotas } as unknown as AccountReader, () => nowMs);
});

async function blockersOf(spec: Readonly<Record<string, unknown>> = {}): Promise<readonly string[]> {
  const deps = {
    reader: new FakeIam(),
    recentWrites: new RecentWrites({ windowMs: 0, monotonicMs: () => nowMs }),
    quotas,
    instances: withoutInstances(),
  };
  const { plan } = await observeAndPlan(desiredOf(spec), deps, signal);
  return plan.blockers.map(({ reason, message }) => `${reason}: ${message}`);
}

describe("a plan that is known to exceed a quota is blocked", () => {
  test.each<[string, Partial<AccountQuotas>, Readonly<Record<string, unknown>>, string]>([
    [
      "roles",
      { roles: { used: 1_000, quota: 1_000 } },
      {},
      "role app cannot be created: the AWS account has as many roles",
    ],
    [
      "instance profiles",
      { instanceProfiles: { used: 1_000, quota: 1_000 } },
      {},
      "instance profile app cannot be created: the AWS account has as many instance profiles as its IAM quota allows (1000)",
    ],
    ["the trust policy", { trustPolicyChars: 10 }, {}, "and IAM allows 10 in this account. Shorten spec.trust"],
    [
      "the inline policy",
      { inlinePoliciesChars: 10 },
      {},
      "and IAM allows 10 in this account. Shorten spec.statements",
    ],
    [
      "attached policies",
      { managedPoliciesPerRole: 1 },
      { managedPolicyArns: ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"] },
      "role app would have 2 managed policies, and IAM allows 1",
    ],
  ])("%s", async (_what, part, spec, words) => {
    answer = { ...ROOM, ...part };
    await quotas.refresh(0, signal);
    nowMs = 1_000;
    const [first = "", ...others] = await blockersOf(spec);
    expect(first).toContain("QuotaExceeded: ");
    expect(first).toContain(words);
    expect(others).toEqual([]);
  });

  test("but not if the quota has room", async () => {
    await quotas.refresh(0, signal);
    expect(await blockersOf()).toEqual([]);
  });

  test("but not once there is room: old quotas are read again before they block", async () => {
    answer = { ...ROOM, roles: { used: 1_000, quota: 1_000 } };
    await quotas.refresh(0, signal);
    answer = ROOM;
    nowMs = 61_000;
    expect(await blockersOf()).toEqual([]);
    expect(asked).toBe(2);
  });

  test("and all blocked objects together cause one request a minute", async () => {
    answer = { ...ROOM, roles: { used: 1_000, quota: 1_000 } };
    await quotas.refresh(0, signal);
    nowMs = 61_000;
    for (let i = 0; i < 5; i += 1) expect(await blockersOf()).toHaveLength(1);
    expect(asked).toBe(2);
  });
});

describe("unknown quotas block nothing", () => {
  test("before they were read, and where reading them is not authorized", async () => {
    expect(await blockersOf()).toEqual([]);
    answer = new BlockedError("no", { reason: "AccessDenied" });
    await quotas.refresh(0, signal);
    expect(await blockersOf()).toEqual([]);
    expect(asked).toBe(1);
  });

  test("and a failed read keeps the cached quotas", async () => {
    await quotas.refresh(0, signal);
    answer = new RetryableError("no", { reason: "ServiceFailure" });
    await quotas.refresh(0, signal);
    expect(quotas.current).toEqual(ROOM);
  });
});

test("a deletion requests no quotas", async () => {
  await quotas.refresh(0, signal);
  const deps = {
    reader: new FakeIam(),
    recentWrites: new RecentWrites({ windowMs: 0, monotonicMs: () => 0 }),
    quotas,
    instances: withoutInstances(),
  };
  expect((await observeAndPlan(desiredAbsence(), deps, signal)).plan.blockers).toEqual([]);
});
