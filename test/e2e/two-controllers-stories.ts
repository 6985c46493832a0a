import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { defaultElectionTimings } from "../../src/runtime/leader-election-timings.ts";
import { isAwsWrite } from "../support/aws-write.ts";
import { type ClusterUser, readyOf } from "../support/cluster-user.ts";
import { type ReplicaCall, ReplicaProcess, type ReplicaSite } from "../support/faults/replica-process.ts";
import { s3ReadOnly } from "../support/manifest.ts";

const BURST = 200;
/** Roles that there are when the leader leaves off. */
const MIDDLE = 60;
const BLOCK_MS = 20_000;
const TAKEOVER_MS = defaultElectionTimings.leaseDurationMs + 5_000;
const CREATION = ["AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateRole", "PutRolePolicy"];
/** Reads that it takes to see that an object is as it should be. */
const VERIFICATION = 5;
const PATIENCE = { timeout: 240_000, interval: 100 };

/** Servers that two controllers share, and a user of the one. */
export interface SharedPlace {
  readonly site: Omit<ReplicaSite, "namespace">;
  readonly user: ClusterUser;
  newNamespace(): Promise<string>;
  close(): Promise<void>;
}

let shared: SharedPlace;
let place: ReplicaSite;
const running: ReplicaProcess[] = [];

async function start(options?: { readonly blockMs?: number }): Promise<ReplicaProcess> {
  const replica = await ReplicaProcess.start(place, options);
  running.push(replica);
  return replica;
}

/** The leader, and one that waits with its caches filled. */
async function startTwo(options?: { readonly blockMs?: number }): Promise<[ReplicaProcess, ReplicaProcess]> {
  const leader = await start(options);
  await vi.waitFor(() => expect(leader.hasLed).toBe(true), PATIENCE);
  const standby = await start();
  await vi.waitFor(() => expect(standby.isUp).toBe(true), PATIENCE);
  return [leader, standby];
}

async function applyBurst(): Promise<void> {
  const names = Array.from({ length: BURST }, (_, i) => `${place.namespace}-${i}`);
  for (let i = 0; i < BURST; i += 20) {
    await Promise.all(
      names.slice(i, i + 20).map((name) => shared.user.apply(s3ReadOnly({ namespace: place.namespace, name }))),
    );
  }
}

async function untilAllReady(): Promise<void> {
  await vi.waitFor(
    async () => {
      const ready = (await shared.user.list(place.namespace)).filter((object) => readyOf(object) === "True InSync");
      expect(ready.length).toBe(BURST);
      // A list of them all is work for the server that is looked at, and for this process, through which all calls go.
    },
    { ...PATIENCE, interval: 2_000 },
  );
}

/** In the middle of the burst, so that the leader has much behind it, much before it, and something under way. */
async function untilMiddle(leader: ReplicaProcess): Promise<void> {
  const roles = (): number => leader.awsCalls.filter(({ what }) => what === "CreateRole").length;
  await vi.waitFor(() => expect(roles()).toBeGreaterThan(MIDDLE), { timeout: 120_000, interval: 5 });
}

/** Calls to AWS by object: all of them, and the writes that were carried out. */
function callsByObject(...replicas: readonly ReplicaProcess[]) {
  const calls = replicas.flatMap(({ awsCalls }) => awsCalls);
  const writes = calls.filter(({ what, status }) => status < 300 && isAwsWrite(what));
  return { calls: Map.groupBy(calls, subjectOf), writes: Map.groupBy(writes, subjectOf) };
}

const subjectOf = ({ subject }: ReplicaCall): string => subject;

/** How long until the standby has made the lease its own, ms. */
function takeoverMs(standby: ReplicaProcess, sinceMs: number): number {
  const [first] = standby.renewals;
  return Math.round((first?.arrivedMs ?? Number.POSITIVE_INFINITY) - sinceMs);
}

function histogram(groups: ReadonlyMap<string, readonly unknown[]>): string {
  const sizes = Map.groupBy(
    [...groups.values()].map(({ length }) => length),
    (size) => size,
  );
  return [...sizes]
    .sort(([a], [b]) => a - b)
    .map(([size, { length }]) => `${length} x ${size}`)
    .join(", ");
}

/**
 * Two processes of the controller on one control plane, with the timings that they are shipped with: whatever becomes of the
 * one that leads, in the middle of a burst of objects, the other one ends it.
 */
export function twoControllersStories(where: string, open: () => Promise<SharedPlace>): void {
  describe(`two controllers on ${where}`, { timeout: 600_000 }, () => {
    beforeAll(async () => {
      shared = await open();
    });
    afterAll(() => shared?.close());
    afterEach(async () => {
      for (const replica of running.splice(0)) await replica.stop();
    });

    async function begin(): Promise<void> {
      place = { ...shared.site, namespace: await shared.newNamespace() };
    }

    test(`one alone brings ${BURST} objects to Ready by 4 writes each`, async ({ annotate }) => {
      await begin();
      const alone = await start();
      await vi.waitFor(() => expect(alone.hasLed).toBe(true), PATIENCE);
      const startMs = performance.now();
      await applyBurst();
      await untilAllReady();
      const { calls, writes } = callsByObject(alone);
      await annotate(`${Math.round(performance.now() - startMs)} ms; calls per object: ${histogram(calls)}`);
      for (const [, all] of writes) expect(all.map(({ what }) => what).sort()).toEqual(CREATION);
      expect(writes.size).toBe(BURST);
    });

    test.for(["kill", "blackHole"] as const)(
      `the leader meets its end (%s) in the middle of ${BURST} objects: the other one takes over and ends it`,
      async (end, { annotate }) => {
        await begin();
        const [leader, standby] = await startTwo();
        await applyBurst();
        await untilMiddle(leader);
        const endMs = performance.now();
        leader[end]();
        await vi.waitFor(() => expect(standby.renewals.length).toBeGreaterThan(0), PATIENCE);
        await untilAllReady();
        const readyMs = performance.now() - endMs;
        const { calls, writes } = callsByObject(leader, standby);
        await annotate(
          `takeover ${takeoverMs(standby, endMs)} ms; all Ready after ${Math.round(readyMs)} ms; ` +
            `writes per object: ${histogram(writes)}; calls per object: ${histogram(calls)}`,
        );
        expect(takeoverMs(standby, endMs)).toBeLessThan(TAKEOVER_MS);
        expect(await leader.process.exited).toBe(end === "kill" ? 137 : 1);
        // The next leader has a look at what is done, once.
        for (const [, all] of calls) expect(all.length).toBeLessThanOrEqual(6 + VERIFICATION + 1);
        expect(writes.size).toBe(BURST);
        for (const [, all] of writes) expect(all.map(({ what }) => what).sort()).toEqual(CREATION);
      },
    );

    test.for([true, false])(
      `the leader's event loop stands still for ${BLOCK_MS / 1_000} s (with another one: %s): no write before it holds the lease again`,
      async (hasStandby, { annotate }) => {
        await begin();
        const [leader] = hasStandby ? await startTwo({ blockMs: BLOCK_MS }) : [await start({ blockMs: BLOCK_MS })];
        await vi.waitFor(() => expect(leader.hasLed).toBe(true), PATIENCE);
        await applyBurst();
        await untilMiddle(leader);
        // What has left the process before it stood still arrives within this.
        const startMs = performance.now() + 3_000;
        leader.block();
        await untilAllReady();
        const later = (calls: readonly ReplicaCall[]): number =>
          Math.min(...calls.map(({ arrivedMs }) => arrivedMs).filter((arrivedMs) => arrivedMs > startMs));
        if (hasStandby) expect(await leader.process.exited).toBe(1);
        const [write, renewal] = [later(leader.writes), later(leader.renewals)];
        await annotate(
          `first renewal after ${renewal - startMs + 3_000} ms, first write after ${write - startMs + 3_000} ms`,
        );
        if (hasStandby) expect(write).toBe(Number.POSITIVE_INFINITY);
        else expect(write).toBeGreaterThan(renewal);
        const { writes } = callsByObject(...running);
        for (const [, all] of writes) expect(all.map(({ what }) => what).sort()).toEqual(CREATION);
      },
    );
  });
}
