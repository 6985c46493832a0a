import { describe, expect, test } from "vitest";
import type { Condition, InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { brokenStatusRules } from "../../support/status-rules.ts";

const NOW_MS = Date.parse("2026-01-01T00:10:00Z");

const condition = (fields: Partial<Condition> = {}): Condition => ({
  type: "Ready",
  status: "True",
  reason: "InSync",
  message: "all is well",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  observedGeneration: 2,
  ...fields,
});

const FALSE = condition({ status: "False", reason: "AccessDenied" });
const WELL: InstanceProfileStatus = {
  observedGeneration: 2,
  role: { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" },
  instanceProfile: { arn: "arn:aws:iam::123456789012:instance-profile/app", id: "AIPA1" },
  conditions: [condition()],
};

/** The numbers of the rules that are broken. */
function broken(status: InstanceProfileStatus, was: InstanceProfileStatus | undefined = undefined): number[] {
  const metadata = { name: "app", namespace: "team-a", uid: "uid-1", generation: 2, resourceVersion: "1" };
  const turn = { before: { metadata, ...(was && { status: was }) }, after: { metadata, status }, nowMs: NOW_MS };
  return brokenStatusRules(turn).map((line) => Number.parseInt(line, 10));
}

describe("the rules of a status can fail", () => {
  test("a status that is well breaks none", () => {
    expect(broken(WELL, WELL)).toEqual([]);
    expect(brokenStatusRules({ before: undefined, after: undefined, nowMs: NOW_MS })).toEqual([]);
  });

  test("rule 19", () => {
    const pending = condition({ status: "False", reason: "PropagationPending", message: "AWS is not verified: so" });
    const verified = { ...WELL, conditions: [pending], lastVerifiedTime: "2026-01-01T00:09:00Z" };
    expect(broken(verified, { ...WELL, lastVerifiedTime: "2026-01-01T00:08:00Z" })).toContain(19);
    expect(broken(verified, verified)).toEqual([]);
  });

  test("the end of a lag is a time that a message may name", () => {
    const until = condition({
      message: "counts as propagation delay until 2026-01-01T00:02:00Z; the controller reads again",
    });
    expect(broken({ ...WELL, conditions: [until] })).toEqual([]);
  });

  test.each<[number, InstanceProfileStatus]>([
    [1, { ...WELL, conditions: [] }],
    [2, { ...WELL, conditions: [FALSE, condition({ type: "Stalled", status: "False" })] }],
    [3, { ...WELL, conditions: [FALSE, condition({ type: "Stalled" }), condition({ type: "Reconciling" })] }],
    [4, { ...WELL, conditions: [condition(), condition({ type: "Reconciling" })] }],
    [5, { ...WELL, conditions: [{ ...condition(), observedGeneration: undefined as unknown as number }] }],
    [6, { ...WELL, observedGeneration: 3 }],
    [6, { ...WELL, conditions: [condition({ observedGeneration: 3 })] }],
    [9, { ...WELL, lastVerifiedTime: "2026-01-01T00:00:00.123Z" }],
    [9, { ...WELL, conditions: [condition({ lastTransitionTime: "2026-01-02T00:00:00Z" })] }],
    [10, { ...WELL, conditions: [condition({ reason: "in sync" })] }],
    [10, { ...WELL, conditions: [condition({ message: "" })] }],
    [11, { ...WELL, conditions: [condition({ message: "no (Request ID: 1)" })] }],
    [11, { ...WELL, conditions: [condition({ message: "0f8fad5b-d9cb-469f-a165-70867728950e" })] }],
    [12, { ...WELL, conditions: [condition({ message: '{"Effect":"Allow"}' })] }],
    [13, { ...WELL, conditions: [FALSE], plan: Array(21).fill("+ x") }],
    [14, { ...WELL, conditions: [condition(), condition({ type: "Healthy" })] }],
    [15, { observedGeneration: 2, conditions: [condition()] }],
    [18, { observedGeneration: 2, conditions: [] }],
    [18, { conditions: [condition()] }],
    [11, { ...WELL, conditions: [condition({ message: "the last attempt was at 2026-01-01T00:00:00Z" })] }],
  ])("rule %i", (rule, status) => {
    expect(broken(status)).toContain(rule);
  });

  test("what the API server fills in breaks none: nobody has looked yet, and kstatus waits", () => {
    expect(broken({ observedGeneration: -1 })).toEqual([]);
  });

  test("rule 7, when the generation goes back", () => {
    expect(
      broken({ ...WELL, observedGeneration: 1, conditions: [condition({ observedGeneration: 1 })] }, WELL),
    ).toEqual([7]);
  });

  test("rule 8, when a time moves without its status, or goes back with it", () => {
    const moved = { ...WELL, conditions: [condition({ lastTransitionTime: "2026-01-01T00:01:00Z" })] };
    expect(broken(moved, WELL)).toEqual([8]);
    expect(broken({ ...WELL, conditions: [FALSE] }, moved)).toEqual([8]);
    expect(broken({ ...moved, conditions: [{ ...FALSE, lastTransitionTime: "2026-01-01T00:02:00Z" }] }, WELL)).toEqual(
      [],
    );
  });

  test("rules 16 and 17, when there is a plan beside Ready=True", () => {
    expect(broken({ ...WELL, plan: ["+ x"] })).toEqual([16, 17]);
  });
});
