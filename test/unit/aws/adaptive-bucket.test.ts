import { expect, test } from "vitest";
import { AdaptiveBucket } from "../../../src/aws/call/adaptive-bucket.ts";

/** How many calls a bucket lets through within the time, asked every ms. */
function callsWithin(bucket: AdaptiveBucket, fromMs: number, toMs: number): number {
  let calls = 0;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 1) while (bucket.take(nowMs)) calls += 1;
  return calls;
}

test("lets two seconds' worth through at once, then keeps to its rate", () => {
  const bucket = new AdaptiveBucket(10, 0);
  expect(callsWithin(bucket, 0, 1)).toBe(20);
  expect(callsWithin(bucket, 1, 10_001)).toBe(100);
});

test("saves up no more than two seconds' worth while nobody calls", () => {
  const bucket = new AdaptiveBucket(5, 0);
  expect(callsWithin(bucket, 3_600_000, 3_600_001)).toBe(10);
});

test("says how long the next token takes", () => {
  const bucket = new AdaptiveBucket(5, 0);
  for (let i = 0; i < 10; i += 1) bucket.take(0);
  expect(bucket.waitMs(0)).toBe(200);
  expect(bucket.take(199)).toBe(false);
  expect(bucket.take(200)).toBe(true);
});

test("asks less when it is throttled, has nothing left, and comes back bit by bit", () => {
  const bucket = new AdaptiveBucket(10, 0);
  bucket.slowDown(0, 0);
  expect(bucket.perSecond(0)).toBe(7);
  expect(bucket.waitMs(0)).toBeGreaterThan(100);
  expect(bucket.perSecond(5_000)).toBeCloseTo(8);
  expect(bucket.perSecond(60_000)).toBe(10);
});

test("takes the throttled calls of one moment for one sign", () => {
  const bucket = new AdaptiveBucket(10, 0);
  bucket.slowDown(100, 200);
  for (const sentAtMs of [110, 150, 199]) bucket.slowDown(sentAtMs, 210);
  expect(bucket.perSecond(210)).toBeCloseTo(7);
  bucket.slowDown(201, 220);
  expect(bucket.perSecond(220)).toBeCloseTo(4.9);
});

test("keeps asking now and then, however much it is throttled", () => {
  const bucket = new AdaptiveBucket(10, 0);
  for (let nowMs = 1; nowMs <= 100; nowMs += 1) bucket.slowDown(nowMs, nowMs);
  expect(bucket.perSecond(100)).toBeGreaterThanOrEqual(0.1);
  expect(bucket.waitMs(100)).toBeLessThanOrEqual(10_000);
});

test("is still for as long as the other side asks", () => {
  const bucket = new AdaptiveBucket(1_000, 0);
  bucket.slowDown(0, 0, 5_000);
  expect(bucket.take(4_999)).toBe(false);
  expect(bucket.take(5_000)).toBe(true);
});
