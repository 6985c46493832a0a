import { expect, test } from "vitest";
import type { CachedClaims } from "../../../src/controller/accounts/instance-claims.ts";
import { InstanceScan } from "../../../src/controller/scan/instance-scan.ts";
import type { InstanceReader } from "../../../src/engine/instance-ports.ts";
import { RegionSnapshots } from "../../../src/engine/observe/region-snapshots.ts";
import type { InstanceFacts } from "../../../src/model/instances/instance.ts";
import type { InstanceClaim } from "../../../src/model/instances/instance-claim.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const REGION = "us-east-1";
const [ONE, OTHER] = ["i-00000000000000001", "i-00000000000000002"] as const;

function claim(key: string, id: string): InstanceClaim {
  const owner = { clusterId: "c", namespace: "a", name: key };
  return { key, uid: key, owner, instances: { region: REGION, ids: [id] } } as unknown as InstanceClaim;
}

/** A scan of one region, whose tags the test changes. */
async function scanning() {
  const clock = new FakeClock();
  /** What EC2 has: the tags of each instance. */
  const tags: Record<string, Readonly<Record<string, string>>> = { [ONE]: {}, [OTHER]: {} };
  const facts = (instanceId: string): InstanceFacts =>
    ({
      instanceId,
      region: REGION,
      state: "running",
      tags: { ...tags[instanceId] },
      association: undefined,
    }) as InstanceFacts;
  let readMs = 0;
  const reader = {
    async readRegion() {
      const seen = [ONE, OTHER].map(facts);
      await clock.sleep(readMs);
      return seen;
    },
  } as unknown as InstanceReader;
  const snapshots = new RegionSnapshots({ reader, monotonicMs: () => clock.monotonicMs(), propagationWindowMs: 0 });
  const all = [claim("one", ONE), claim("other", OTHER)];
  const found: [string, boolean][] = [];
  const scan = new InstanceScan({
    snapshots,
    claims: { in: () => all, all: () => all, of: () => [] } as unknown as CachedClaims,
    clock,
    intervalMs: 600_000,
    enqueue: (key, isReported) => void found.push([key, isReported]),
    logger: silentLogger,
  });
  const first = snapshots.get(REGION, 0, new AbortController().signal);
  await clock.advance(1);
  await first;
  const change = (id: string): void => {
    tags[id] = { changed: "yes" };
    expect(scan.reported({ region: REGION, instanceIds: [id] })).toBe(true);
  };
  const read = async (): Promise<void> => {
    const done = snapshots.get(REGION, 0, new AbortController().signal);
    await clock.advance(readMs + 1);
    await done;
  };
  const slowDown = (): void => {
    readMs = 1_000;
  };
  return { clock, tags, found, scan, change, read, slowDown };
}

test("a change that is reported while its region is read for another change is still known as reported", async () => {
  const { clock, tags, found, scan, change, read, slowDown } = await scanning();
  slowDown();
  await clock.advance(10_000);
  change(ONE);
  await clock.advance(500);
  // The read has begun, and does not show this one.
  change(OTHER);
  await clock.advance(10_000);
  expect(found).toEqual([
    ["one", true],
    ["other", true],
  ]);
  // What is seen later is no longer what was reported.
  tags[ONE] = {};
  await read();
  expect(found.at(-1)).toEqual(["one", false]);
  scan.stop();
});

test("a change that another read shows before the one that it was reported for is known as reported", async () => {
  const { found, scan, change, read } = await scanning();
  change(ONE);
  await read();
  expect(found).toEqual([["one", true]]);
  scan.stop();
});
