import { beforeEach, describe, expect, test } from "vitest";
import { ScanCoverage, ScanCoverageByAccount } from "../../../src/controller/scan/scan-coverage.ts";

const KEY = "team-a/app";
const COVERS_MS = 60_000;
const DIGEST = "digest";

let nowMs: number;
let coverage: ScanCoverage;
beforeEach(() => {
  nowMs = 1_000;
  coverage = new ScanCoverage(() => nowMs);
});

describe("an object is covered", () => {
  test("not before a scan has ended, nor when it was never observed in sync", () => {
    coverage.recordInSync(KEY, DIGEST);
    expect(coverage.covers(KEY)).toBe(false);
    coverage.scanEnded(COVERS_MS);
    expect(coverage.covers(KEY)).toBe(true);
    expect(coverage.covers("team-a/other")).toBe(false);
  });

  test("for a limited time after it was observed in sync, so that a scan that stops covers nothing", () => {
    coverage.recordInSync(KEY, DIGEST);
    coverage.scanEnded(COVERS_MS);
    nowMs += COVERS_MS - 1;
    expect(coverage.covers(KEY)).toBe(true);
    nowMs += 1;
    expect(coverage.covers(KEY)).toBe(false);
  });

  test("from the time of the observation, not from the end of the scan", () => {
    coverage.recordInSync(KEY, DIGEST, nowMs - COVERS_MS);
    coverage.scanEnded(COVERS_MS);
    expect(coverage.covers(KEY)).toBe(false);
  });

  test("not after a scan that covers nothing, for example without permission", () => {
    coverage.scanEnded(COVERS_MS);
    coverage.recordInSync(KEY, DIGEST);
    coverage.scanEnded(0);
    expect(coverage.covers(KEY)).toBe(false);
  });

  test("not after a scan found a difference, until a reconcile has verified it", () => {
    coverage.scanEnded(COVERS_MS);
    coverage.recordInSync(KEY, DIGEST);
    coverage.recordDifference(KEY);
    expect([coverage.covers(KEY), coverage.isDifferent(KEY)]).toEqual([false, true]);
    coverage.reconciled(KEY, DIGEST);
    expect([coverage.covers(KEY), coverage.isDifferent(KEY)]).toEqual([true, false]);
  });

  test("not after a reconcile that did not find it in sync", () => {
    coverage.scanEnded(COVERS_MS);
    coverage.recordInSync(KEY, DIGEST);
    coverage.reconciled(KEY, undefined);
    expect(coverage.covers(KEY)).toBe(false);
  });

  test("not once it was deleted, and then it differs from nothing", () => {
    coverage.scanEnded(COVERS_MS);
    coverage.recordInSync(KEY, DIGEST);
    coverage.recordDifference("team-a/other");
    for (const key of [KEY, "team-a/other"]) coverage.forget(key);
    expect([coverage.covers(KEY), coverage.isDifferent("team-a/other")]).toEqual([false, false]);
  });
});

describe("resyncs wait for the first scan", () => {
  test("until it has ended, whatever its result", () => {
    expect(coverage.isFirstScanAhead).toBe(false);
    coverage.expectScan();
    expect(coverage.isFirstScanAhead).toBe(true);
    coverage.scanEnded(0);
    expect(coverage.isFirstScanAhead).toBe(false);
  });

  test("for a limited time since it was first expected", () => {
    coverage.expectScan();
    nowMs += 4_000;
    coverage.expectScan();
    nowMs += 999;
    expect(coverage.isFirstScanAheadFor(5_000)).toBe(true);
    nowMs += 1;
    expect(coverage.isFirstScanAheadFor(5_000)).toBe(false);
    coverage.scanEnded(0);
    expect(coverage.isFirstScanAheadFor(60_000)).toBe(false);
  });

  test("with fewer and fewer checks, the longer it takes", () => {
    coverage.expectScan();
    let checks = 0;
    for (const end = nowMs + 600_000; nowMs < end; checks++) nowMs += coverage.firstScanPollMs;
    expect(checks).toBeLessThan(15);
    expect(coverage.firstScanPollMs).toBeLessThanOrEqual(300_000);
  });

  test("with the first check after a second", () => {
    nowMs += 50_000;
    coverage.expectScan();
    expect(coverage.firstScanPollMs).toBe(1_000);
  });
});

test("the scans of one account cover no object of another one", () => {
  const all = new ScanCoverageByAccount(() => nowMs);
  for (const account of ["own", "123456789012"]) all.of(account).scanEnded(COVERS_MS);
  all.of("own").recordInSync(KEY, DIGEST);
  expect([all.of("own").covers(KEY), all.of("123456789012").covers(KEY)]).toEqual([true, false]);
  all.forget(KEY);
  expect(all.of("own").covers(KEY)).toBe(false);
});

describe("AWS is known to be in sync with a desired state", () => {
  test("while scans cover it, or for the given time, and with no other state", () => {
    coverage.recordInSync(KEY, DIGEST);
    nowMs += 10;
    expect([coverage.isInSyncWith(KEY, DIGEST, 11), coverage.isInSyncWith(KEY, DIGEST, 10)]).toEqual([true, false]);
    expect(coverage.isInSyncWith(KEY, "another digest", 11)).toBe(false);
    coverage.scanEnded(COVERS_MS);
    expect(coverage.isInSyncWith(KEY, DIGEST, 10)).toBe(true);
  });

  test("not after a scan found a difference, nor after a reconcile that did not verify it", () => {
    coverage.recordInSync(KEY, DIGEST);
    coverage.recordDifference(KEY);
    expect(coverage.isInSyncWith(KEY, DIGEST, 10)).toBe(false);
    coverage.reconciled(KEY, DIGEST);
    coverage.reconciled(KEY, undefined);
    expect(coverage.isInSyncWith(KEY, DIGEST, 10)).toBe(false);
  });
});

describe("the resync after the read of a part", () => {
  const resync = { kind: "after", delayMs: 600, urgency: "resync" } as const;

  test("is as far away as it was, however often parts are read", () => {
    coverage.reconciled(KEY, DIGEST);
    expect(coverage.inTime(KEY, resync)).toEqual(resync);
    for (const [passedMs, delayMs] of [
      [400, 200],
      [100, 100],
      [300, 0],
    ] as const) {
      nowMs += passedMs;
      coverage.reconciled(KEY, DIGEST, true);
      expect(coverage.inTime(KEY, resync)).toEqual({ ...resync, delayMs });
    }
  });

  test("is due at once when the whole was not observed since a reconcile that verified nothing", () => {
    coverage.reconciled(KEY, undefined);
    expect(coverage.inTime(KEY, resync)).toEqual(resync);
    coverage.reconciled(KEY, DIGEST, true);
    expect(coverage.inTime(KEY, resync)).toEqual({ ...resync, delayMs: 0 });
    coverage.scanEnded(COVERS_MS);
    expect(coverage.covers(KEY)).toBe(false);
  });

  test("changes no retry", () => {
    coverage.reconciled(KEY, DIGEST);
    nowMs += 400;
    for (const requeue of [{ kind: "backoff" }, { kind: "done" }, { kind: "after", delayMs: 600 }] as const) {
      expect(coverage.inTime(KEY, requeue)).toEqual(requeue);
    }
  });
});
