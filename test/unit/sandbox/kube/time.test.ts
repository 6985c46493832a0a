import { expect, test } from "vitest";
import { ageOf, humanDuration, timestamp } from "../../../../src/sandbox/kube/time.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [2 * minute + 5 * second, "2m5s"],
  [10 * minute + 30 * second, "10m"],
  [3 * hour, "3h"],
  [3 * hour + 20 * minute, "3h20m"],
  [8 * hour + 20 * minute, "8h"],
  [2 * day, "2d"],
  [2 * day + 3 * hour, "2d3h"],
  [9 * day + 3 * hour, "9d"],
  [2 * 365 * day, "2y"],
  [2 * 365 * day + 40 * day, "2y40d"],
  [9 * 365 * day, "9y"],
  [-5 * second, "<invalid>"],
])("shows an age of %d ms as %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test("tells an absent time from one that is none", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  expect(ageOf(undefined, now)).toBe("<unknown>");
  expect(ageOf(null, now)).toBe("<unknown>");
  expect(ageOf("yesterday", now)).toBe("<invalid>");
  expect(ageOf("2026-01-01T00:00:00Z", now)).toBe("60s");
});

test("writes times in whole seconds", () => {
  expect(timestamp(Date.parse("2026-01-01T00:00:00.987Z"))).toBe("2026-01-01T00:00:00Z");
});
