import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import type { InstanceProfileStatus, LastUse } from "../../../src/api/instance-profile.ts";
import { lastUseMetrics } from "../../../src/cli/metrics/product-metrics.ts";
import type { ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import type { Outcome } from "../../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { anInstanceProfile, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { kstatusOf } from "../../support/kstatus.ts";
import { summaryAfter } from "../../support/results.ts";

const MADE = stateAfter(NOTHING, diff(desiredOf(), NOTHING).actions);
const EMPTY = { actions: [], blockers: [], unmanagedPolicies: [] };
const BLOCKER = { reason: "AlreadyExists", message: "role app already exists." };
const MORNING = { at: "2026-01-05T08:00:00Z", region: "eu-west-1" };
const NOON = { at: "2026-01-05T12:00:00Z", region: "us-east-1" };
const NEXT_DAY = { at: "2026-01-06T08:00:00Z", region: undefined };
const PROFILE_ARN = "arn:aws:iam::123456789012:instance-profile/app";

function usedState(lastUsed: ObservedRole["lastUsed"], role: Partial<ObservedRole> = {}): ObservedState {
  const made = MADE.role as ObservedRole;
  const arn = "arn:aws:iam::123456789012:role/app";
  const instanceProfile = { ...MADE.instanceProfile, arn: PROFILE_ARN, id: "AIPAEXAMPLE" };
  return {
    instanceProfile: instanceProfile as ObservedState["instanceProfile"],
    role: { ...made, roleId: "AROAEXAMPLE", arn, ...(lastUsed && { lastUsed }), ...role },
  };
}

function statusAfter(
  known: InstanceProfileStatus | undefined,
  after: ObservedState,
  { now = "2026-01-06T09:00:00Z", outcome = {}, generation = 1 } = {},
): InstanceProfileStatus {
  const converged = { kind: "converged", plan: EMPTY, applied: [], failed: undefined, after, visibleInMs: 0 };
  const object = anInstanceProfile({ metadata: { generation }, ...(known && { status: known }) });
  const context = { now, random: 0.5, intervals: DEFAULT_REQUEUE_INTERVALS, failures: 0 };
  return summaryAfter(object, { ...converged, ...outcome } as Outcome, context).status;
}

const READY = statusAfter(undefined, usedState(MORNING));

describe("status.lastUsed", () => {
  test("is what IAM knows of the role, and absent when IAM knows no use", () => {
    expect(READY.lastUsed).toEqual({ time: MORNING.at, region: "eu-west-1" });
    expect(statusAfter(undefined, usedState(NEXT_DAY)).lastUsed).toEqual({ time: NEXT_DAY.at });
    expect(statusAfter(undefined, usedState(undefined))).not.toHaveProperty("lastUsed");
  });

  test("alone does not change the status before a day has passed", () => {
    expect(statusAfter(READY, usedState(NOON))).toEqual(READY);
    expect(statusAfter(READY, usedState(NEXT_DAY)).lastUsed).toEqual({ time: NEXT_DAY.at });
  });

  test("comes with any other change of the status: the hourly verification, or a new generation", () => {
    const noon = { time: NOON.at, region: "us-east-1" };
    expect(statusAfter(READY, usedState(NOON), { now: "2026-01-06T11:00:00Z" }).lastUsed).toEqual(noon);
    expect(statusAfter(READY, usedState(NOON), { generation: 2 }).lastUsed).toEqual(noon);
  });

  test("that another client has written goes back to what IAM says", () => {
    const forged = (lastUsed: LastUse | undefined): InstanceProfileStatus => {
      const { lastUsed: _, ...rest } = READY;
      return lastUsed === undefined ? rest : { ...rest, lastUsed };
    };
    for (const other of [forged({ time: "2030-01-01T00:00:00Z" }), forged({ time: "never" }), forged(undefined)])
      expect(statusAfter(other, usedState(MORNING))).toEqual(READY);
  });

  test("of a role that was deleted and created again is that of the new one", () => {
    expect(statusAfter(READY, usedState(undefined, { roleId: "AROANEW" }))).not.toHaveProperty("lastUsed");
    expect(statusAfter(READY, { ...usedState(NOON), role: { presence: "absent" } })).not.toHaveProperty("lastUsed");
  });

  test("is not that of a role of others that blocks the object", () => {
    const blocked = { plan: { ...EMPTY, blockers: [BLOCKER] } };
    const foreign = usedState(MORNING, { tags: {} });
    expect(statusAfter(undefined, foreign, { outcome: blocked })).not.toHaveProperty("lastUsed");
    expect(
      statusAfter(READY, usedState(NEXT_DAY, { roleId: "AROAOTHER", tags: {} }), { outcome: blocked }).lastUsed,
    ).toEqual(READY.lastUsed);
  });

  test("stays while AWS cannot be read", () => {
    const failed = { kind: "failed", error: new Error("later") };
    expect(statusAfter(READY, MADE, { outcome: failed }).lastUsed).toEqual(READY.lastUsed);
  });

  test("changes neither kstatus nor observedGeneration", () => {
    const moved = statusAfter(READY, usedState(NEXT_DAY));
    const { metadata } = anInstanceProfile();
    expect([moved.observedGeneration, kstatusOf({ metadata, status: moved })]).toEqual([1, "Current"]);
    expect(moved.conditions).toEqual(READY.conditions);
  });
});

test("the gauge counts objects with a role by the age of its last use, with labels that no user chooses", async () => {
  const daysAgo = (days: number) => ({ time: new Date(Date.UTC(2026, 0, 1) - days * 86_400_000).toISOString() });
  const role = { name: "app", arn: "arn:aws:iam::123456789012:role/app", id: "AROAEXAMPLE" };
  const used = [0.5, 1, 6, 29, 89, 90, 399].map((days) => ({ role, lastUsed: daysAgo(days) }));
  const objects = [...used, { role }, { role: { name: "app" } }, {}].map((status) => ({ metadata: {}, status }));
  const registry = new Registry();
  const cache = {
    get: () => undefined,
    list: () => objects as never,
    byIndex: () => [],
    keys: () => [],
    size: objects.length,
  };
  lastUseMetrics(
    registry,
    () => Date.UTC(2026, 0, 1),
    () => cache,
  );
  const metric = await registry.getSingleMetric("instance_profile_controller_role_last_used")?.get();
  expect(Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [labels["age"], value]))).toEqual({
    ...{ "1d": 1, "7d": 2, "30d": 1, "90d": 1 },
    ...{ older: 2, never: 1 },
  });
});
