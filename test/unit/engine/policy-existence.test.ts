import { beforeEach, describe, expect, test } from "vitest";
import { isPermanent, PolicyExistence, type PolicyVerdict } from "../../../src/engine/observe/policy-existence.ts";
import { BlockedError, ConflictError, RetryableError, TerminalError, ThrottledError } from "../../../src/errors.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";

const ARN = "arn:aws:iam::123456789012:policy/boundary";
const MAX_AGE_MS = 600_000;
const MISSING_MAX_AGE_MS = 60_000;
const signal = new AbortController().signal;

let iam: FakeIam;
let nowMs: number;
let policies: PolicyExistence;
beforeEach(() => {
  iam = new FakeIam();
  nowMs = 1_000;
  policies = new PolicyExistence(() => nowMs);
});

function verify(abort: AbortSignal = signal): Promise<PolicyVerdict> {
  const query = { reader: iam, maxAgeMs: MAX_AGE_MS, missingMaxAgeMs: MISSING_MAX_AGE_MS };
  return policies.verify(ARN, query, abort);
}

const failWith = (error: Error): void => {
  iam.beforeRead = () => Promise.reject(error);
};
const NO_REPLY = new RetryableError("no reply", { reason: "EndpointUnreachable" });

describe("a verdict", () => {
  test("that the policy exists counts until it is too old", async () => {
    expect(await verify()).toEqual({ kind: "exists" });
    iam.missingPolicies.add(ARN);
    nowMs += MAX_AGE_MS - 1;
    expect(await verify()).toEqual({ kind: "exists" });
    nowMs += 1;
    expect(await verify()).toEqual({ kind: "missing" });
  });

  test("that the policy is missing counts for a shorter time, because it may have been created since", async () => {
    iam.missingPolicies.add(ARN);
    expect(await verify()).toEqual({ kind: "missing" });
    iam.missingPolicies.clear();
    nowMs += MISSING_MAX_AGE_MS - 1;
    expect(await verify()).toEqual({ kind: "missing" });
    nowMs += 1;
    expect(await verify()).toEqual({ kind: "exists" });
  });

  test("is as old as its request, not as the reply", async () => {
    iam.beforeRead = async () => {
      nowMs += MAX_AGE_MS;
    };
    await verify();
    await verify();
    expect(iam.policyReads).toHaveLength(2);
  });

  test("without permission counts as any other, and is no verdict about the policy", async () => {
    const denied = new BlockedError("not authorized", { reason: "AccessDenied" });
    failWith(denied);
    expect(await verify()).toEqual({ kind: "unverified", error: denied });
    iam.beforeRead = async () => {};
    expect(await verify()).toEqual({ kind: "unverified", error: denied });
    expect(policies.isMissing(ARN)).toBe(false);
  });

  test("is not cached after a transient failure", async () => {
    failWith(NO_REPLY);
    expect(await verify()).toEqual({ kind: "unverified", error: NO_REPLY });
    iam.beforeRead = async () => {};
    expect(await verify()).toEqual({ kind: "exists" });
  });

  test("that the policy is missing stays known over a transient failure", async () => {
    iam.missingPolicies.add(ARN);
    await verify();
    nowMs += MISSING_MAX_AGE_MS;
    failWith(NO_REPLY);
    await verify();
    expect(policies.isMissing(ARN)).toBe(true);
  });

  test("is shared by all that wait for it: one request", async () => {
    const all = await Promise.all([verify(), verify(), verify()]);
    expect(all).toEqual(Array.from({ length: 3 }, () => ({ kind: "exists" })));
    expect(iam.policyReads).toEqual([ARN]);
  });
});

test("a policy is missing once IAM has refused a write for it, without a request", async () => {
  expect(policies.isMissing(ARN)).toBe(false);
  policies.recordMissing(ARN);
  expect(policies.isMissing(ARN)).toBe(true);
  expect(policies.isMissing("arn:aws:iam::123456789012:policy/other")).toBe(false);
  expect(await verify()).toEqual({ kind: "missing" });
  expect(iam.policyReads).toEqual([]);
});

test("an aborted request, or a bug, is not a verdict", async () => {
  const abort = new AbortController();
  iam.beforeRead = async () => {
    abort.abort(new Error("the process stops"));
    throw NO_REPLY;
  };
  await expect(verify(abort.signal)).rejects.toThrow("the process stops");
  failWith(new TypeError("a bug"));
  await expect(verify()).rejects.toThrow("a bug");
});

test("terminal and blocked errors are permanent, all others are transient", () => {
  const details = { reason: "Any" };
  const permanent = [new TerminalError("", details), new BlockedError("", details)];
  const transient = [new ConflictError("", details), new ThrottledError("", details), NO_REPLY, new Error("a bug")];
  expect([permanent.every(isPermanent), transient.some(isPermanent)]).toEqual([true, false]);
});
