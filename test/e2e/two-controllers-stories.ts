import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from "vitest";
import { DEFAULT_ELECTION_TIMINGS } from "../../src/runtime/election/leader-election-options.ts";
import type { ClusterUser } from "../support/cluster-user.ts";
import type { ReplicaCall, ReplicaProcess, ReplicaSite } from "../support/faults/replica-process.ts";
import { Burst } from "./burst.ts";

const BLOCK_MS = 20_000;
/** What a process sent arrives within this. */
const ARRIVAL_MS = 3_000;
/** Twice the lease: a busy machine starts attempts and requests late. */
const TAKEOVER_MS = 2 * DEFAULT_ELECTION_TIMINGS.leaseDurationMs;

/** Servers that controllers share, and a user of the one. */
export interface SharedPlace {
  readonly user: ClusterUser;
  /** A site with a namespace and a Lease of its own. */
  newSite(): Promise<ReplicaSite>;
  close(): Promise<void>;
}

let shared: SharedPlace;

async function begin(size: number, { onTestFinished }: TestContext): Promise<Burst> {
  const burst = new Burst(size, await shared.newSite(), shared.user);
  onTestFinished(() => burst.stop());
  return burst;
}

/** When the first of these calls came after that moment. */
function firstAfter(calls: readonly ReplicaCall[], ms: number): number {
  return Math.min(...calls.map(({ arrivedMs }) => arrivedMs).filter((arrivedMs) => arrivedMs > ms));
}

/**
 * The longest time from the latest renewal of this process to a write of its own. It holds however late the signal that blocks
 * the process arrives: a write that was held back by the block comes at least as long after a renewal as the block takes.
 */
function longestWithoutRenewal({ writes, renewals }: ReplicaProcess): number {
  const since = (atMs: number): number => {
    return atMs - Math.max(...renewals.map(({ arrivedMs }) => arrivedMs).filter((arrivedMs) => arrivedMs <= atMs));
  };
  return Math.max(...writes.map(({ arrivedMs }) => since(arrivedMs)));
}

async function meetEnd(end: "kill" | "blackHole", context: TestContext): Promise<void> {
  const burst = await begin(200, context);
  const leader = await burst.startLeader();
  const standby = await burst.startStandby();
  await burst.apply();
  await burst.untilMiddle(leader);
  const endMs = performance.now();
  leader[end]();
  await burst.untilReady();
  const readyMs = performance.now() - endMs;
  const takeoverMs = firstAfter(standby.renewals, 0) - endMs;
  await context.annotate(
    `takeover ${Math.round(takeoverMs)} ms; all Ready after ${Math.round(readyMs)} ms; ` +
      `calls per object: ${burst.histogram()}`,
  );
  expect(takeoverMs).toBeLessThan(TAKEOVER_MS);
  expect(await leader.process.exited).toBe(end === "kill" ? 137 : 1);
  burst.expectNothingTwice();
  burst.expectNothingReadAgain();
}

async function standStill(hasStandby: boolean, context: TestContext): Promise<void> {
  // Two seconds of work ahead, in which a renewal comes.
  const burst = await begin(120, context);
  const leader = await burst.startLeader({ blockMs: BLOCK_MS });
  if (hasStandby) await burst.startStandby();
  await burst.apply();
  await burst.untilMiddle(leader);
  // Right after a renewal: one that was under way would come to light too late, and the process would end.
  const { length } = leader.renewals;
  await vi.waitFor(() => expect(leader.renewals.length).toBeGreaterThan(length), {
    timeout: 30_000,
    interval: 5,
  });
  leader.block();
  await burst.untilReady();
  if (hasStandby) expect(await leader.process.exited).toBe(1);
  const longestMs = longestWithoutRenewal(leader);
  await context.annotate(`writes came at most ${Math.round(longestMs)} ms after the latest renewal`);
  expect(longestMs).toBeLessThan(BLOCK_MS - ARRIVAL_MS);
  burst.expectNothingTwice();
}

/**
 * Two processes of the controller on one control plane, with the timings that they are shipped with: whatever becomes of the
 * one that leads, in the middle of a burst of objects, the other one ends it. Most of the time is waiting for a lease to
 * expire, so they wait side by side.
 */
export function twoControllersStories(where: string, open: () => Promise<SharedPlace>): void {
  describe(`two controllers on ${where}`, { timeout: 400_000 }, () => {
    beforeAll(async () => {
      shared = await open();
    });
    afterAll(() => shared?.close());

    test("one alone brings 60 objects to Ready by 4 writes each and no read", async (context) => {
      const burst = await begin(60, context);
      await burst.startLeader();
      await burst.apply();
      await burst.untilReady();
      await context.annotate(`calls per object: ${burst.histogram()}`);
      burst.expectNothingTwice();
      burst.expectNothingReadAgain();
    });

    describe("the leader meets its end in the middle of 200 objects, and the other one takes over and ends it:", () => {
      test.concurrent.for(["kill", "blackHole"] as const)("%s", meetEnd);
    });

    describe(`the leader's event loop stands still for ${BLOCK_MS / 1_000} s: no write before it holds the lease again,`, () => {
      test.concurrent.for([true, false])("with another one: %s", standStill);
    });
  });
}
