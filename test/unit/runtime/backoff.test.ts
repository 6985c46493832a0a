import { expect, test } from "vitest";
import { backoffDelayMs, DEFAULT_BACKOFF_POLICY, KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";

test("doubles from one second to five minutes", () => {
  const backoff = new KeyedBackoff(() => 0);
  const delays = Array.from({ length: 11 }, () => backoff.nextDelayMs("a") / 1_000);
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

test("counts each key by itself", () => {
  const backoff = new KeyedBackoff(() => 0);
  backoff.nextDelayMs("a");
  backoff.nextDelayMs("a");
  expect(backoff.nextDelayMs("b")).toBe(1_000);
  expect(backoff.failuresOf("a")).toBe(2);
});

test("starts over after forget", () => {
  const backoff = new KeyedBackoff(() => 0);
  backoff.nextDelayMs("a");
  backoff.forget("a");
  expect(backoff.failuresOf("a")).toBe(0);
  expect(backoff.nextDelayMs("a")).toBe(1_000);
});

test("spreads keys that failed together, and never beyond the cap", () => {
  expect(backoffDelayMs(DEFAULT_BACKOFF_POLICY, 0, () => 0.5)).toBe(900);
  expect(backoffDelayMs(DEFAULT_BACKOFF_POLICY, 5_000, () => 0)).toBe(300_000);
  expect(backoffDelayMs(DEFAULT_BACKOFF_POLICY, 5_000, () => 0.999)).toBeGreaterThan(239_000);
});
