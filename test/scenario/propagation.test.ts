import { describe, expect, test } from "vitest";
import type { InstanceProfileStatus } from "../../src/api/instance-profile.ts";
import { findCondition } from "../../src/status/conditions.ts";
import type { ReplicaOptions } from "../support/simulation/replica.ts";
import { Simulation } from "../support/simulation/simulation.ts";
import { must } from "../unit/sandbox/aws/in-process.ts";
import { DRIFTING_SPEC, DRIFTS, stepsFor, withoutIds } from "./drift-stories.ts";

const REQUEST = { "iam.instanceprofile.dev/reconcile-at": "now" };
const { role, profile } = stepsFor("app");

/** Drift to a value that AWS had before the controller's own write, which a late read shows too. */
const TO_THE_STATE_BEFORE = [
  "the inline policy is removed",
  "a managed policy is detached",
  "the role is taken out of the profile",
  "the profile is deleted",
  "the role is deleted",
  "everything is deleted",
];

async function changed(sim: Simulation, steps: readonly (readonly [string, Readonly<Record<string, string>>])[]) {
  for (const [action, params] of steps) must(await sim.servers.aws.iam(action, params));
}

async function status(sim: Simulation): Promise<InstanceProfileStatus | undefined> {
  return (await sim.object())?.status as InstanceProfileStatus | undefined;
}

/** A controller whose object was created 5 s ago. */
async function created(
  spec: Readonly<Record<string, unknown>> = {},
  options: ReplicaOptions = {},
): Promise<Simulation> {
  const sim = new Simulation();
  sim.start(options);
  await sim.apply(sim.manifest(spec));
  await sim.runUntil(async () => isVerified((await status(sim)) ?? {}), 60_000);
  await sim.run(5_000);
  return sim;
}

function isVerified({ conditions }: Pick<InstanceProfileStatus, "conditions">): boolean {
  return (
    findCondition(conditions, "Ready")?.reason === "InSync" && findCondition(conditions, "Reconciling") === undefined
  );
}

/** The objects of the account that belong to the object. */
function ours(sim: Simulation): unknown {
  const { roles, instanceProfiles } = sim.awsState();
  return withoutIds({
    roles: Object.fromEntries(Object.entries(roles).filter(([name]) => name === "app")),
    instanceProfiles,
  });
}

describe("5 s after its creation another client changes the object's role or profile, and reconcile-at asks for a read:", () => {
  test.each(Object.keys(DRIFTS))("%s", async (title) => {
    const drift = DRIFTS[title]?.("app", stepsFor("app"));
    if (drift === undefined) throw new Error(`no drift ${title}`);
    const sim = await created(DRIFTING_SPEC);
    const before = ours(sim);
    const verified = (await status(sim))?.lastVerifiedTime;
    await changed(sim, drift.steps);
    const sinceMs = sim.clock.monotonicMs();
    await sim.annotate(REQUEST);
    await sim.run(1_000);
    const isBefore = TO_THE_STATE_BEFORE.includes(title);
    const isRepaired = (): boolean => JSON.stringify(ours(sim)) === JSON.stringify(before);
    expect(isRepaired()).toBe(!isBefore);
    while (!isRepaired() && sim.clock.monotonicMs() < sinceMs + 60_000) {
      const now = await status(sim);
      if (now === undefined) throw new Error("no status");
      expect([isVerified(now), now.lastHandledReconcileAt, now.lastVerifiedTime]).toEqual([false, undefined, verified]);
      await sim.run(500);
    }
    expect(sim.clock.monotonicMs() - sinceMs).toBeLessThan(isBefore ? 30_000 : 10_000);
    await sim.run(5_000);
    expect(await status(sim)).toMatchObject({ lastHandledReconcileAt: "now" });
    expect(isVerified((await status(sim)) as InstanceProfileStatus)).toBe(true);
    const writes = sim.writes("aws", sinceMs).map(({ what }) => what);
    expect(writes.filter((what) => !what.startsWith("Delete") || drift.repair.includes(what))).toEqual(drift.repair);
    const events = await sim.user.events(sim.key);
    expect(events.map(({ reason }) => reason)).toContain("DriftRepaired");
  });
});

describe("a policy that another client deleted 5 s after the creation", () => {
  async function deletedPolicy(): Promise<Simulation> {
    const sim = await created();
    await changed(sim, [role("DeleteRolePolicy", { PolicyName: "app" })]);
    await sim.annotate(REQUEST);
    await sim.run(2_000);
    return sim;
  }

  test("is reported with what IAM does not show, and until when that is taken for propagation delay", async () => {
    const sim = await deletedPolicy();
    const untilMs = sim.clock.nowMs() + 15_000;
    const reconciling = findCondition((await status(sim))?.conditions, "Reconciling");
    expect(reconciling).toMatchObject({ status: "True", reason: "PropagationPending" });
    expect(reconciling?.message).toContain("IAM shows the state before the writes + inline policy app of role app,");
    const until = Date.parse(/until (\S+Z)/.exec(reconciling?.message ?? "")?.[1] ?? "");
    expect(Math.abs(until - untilMs)).toBeLessThanOrEqual(2_500);
    const written = sim.writes("kube").length;
    await sim.run(8_000);
    expect(sim.writes("kube").length).toBe(written);
  });

  test("is repaired at the end of the window where nobody asks", async () => {
    const sim = await created({}, { isSweeping: true });
    await changed(sim, [role("DeleteRolePolicy", { PolicyName: "app" })]);
    await sim.run(700_000);
    expect(sim.awsState().roles["app"]).toMatchObject({ inlinePolicies: { app: expect.anything() } });
  });
});

describe("an account scan within the propagation window", () => {
  test("finds a policy that another client has overwritten", async () => {
    const sim = new Simulation();
    sim.start({ isSweeping: true });
    await sim.run(590_000);
    await sim.apply(sim.manifest());
    await sim.run(1_000);
    const before = ours(sim);
    const steps = DRIFTS["the inline policy is edited"]?.("app", stepsFor("app")).steps ?? [];
    await changed(sim, steps);
    expect(ours(sim)).not.toEqual(before);
    await sim.run(80_000);
    expect(ours(sim)).toEqual(before);
  });
});

describe("what another client deleted 5 s after the creation is deleted at most once more when the object goes:", () => {
  const leaves = profile("RemoveRoleFromInstanceProfile", { RoleName: "app" });
  const roleGoes = [role("DeleteRolePolicy", { PolicyName: "app" }), leaves, role("DeleteRole")];
  const GONE = {
    "the inline policy": [role("DeleteRolePolicy", { PolicyName: "app" })],
    "the membership": [leaves],
    "the profile": [leaves, profile("DeleteInstanceProfile")],
    "the role": roleGoes,
    everything: [...roleGoes, profile("DeleteInstanceProfile")],
  };

  test.each(Object.entries(GONE).flatMap(([what, steps]) => [0, 100_000].map((lagMs) => ({ what, lagMs, steps }))))(
    "$what, with reads $lagMs ms late",
    async ({ lagMs, steps }) => {
      const sim = new Simulation();
      sim.start();
      await sim.apply(sim.manifest());
      await sim.run(5_000);
      const sinceMs = sim.clock.monotonicMs();
      sim.servers.aws.setAwkwardness({ visibilityDelayMs: lagMs });
      await changed(sim, steps);
      await sim.delete();
      await sim.run(300_000);
      const deletions = new Map<string, number>();
      for (const { server, what, isWrite, sentAtMs } of sim.calls)
        if (server === "aws" && isWrite && sentAtMs >= sinceMs) deletions.set(what, (deletions.get(what) ?? 0) + 1);
      expect(Math.max(0, ...deletions.values())).toBeLessThanOrEqual(2);
      expect(await sim.object()).toBeUndefined();
      expect(sim.awsState()).toMatchObject({ roles: {}, instanceProfiles: {} });
    },
  );
});
