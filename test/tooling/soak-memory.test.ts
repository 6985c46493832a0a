import { expect, test } from "vitest";
import { judgeMemory } from "../soak/memory.ts";

/** Twenty minutes, a sample each five seconds; the heap goes up and down as it is collected. */
function run(rssOf: (share: number) => number, heapOf: (share: number) => number) {
  return Array.from({ length: 240 }, (_, i) => ({
    rssMiB: rssOf(i / 240) + (i % 3),
    heapUsedMiB: heapOf(i / 240) + (i % 10),
  }));
}

test("memory that goes up and down but not away is flat", () => {
  const warmingUp = (share: number): number => 140 - 60 * Math.max(0, 0.2 - share);
  expect(judgeMemory(run(warmingUp, () => 40))).toMatchObject({ isFlat: true, heapFloorMiB: [41, 41] });
});

test("memory that grows all the time is not flat", () => {
  expect(
    judgeMemory(
      run(
        (share) => 140 + 60 * share,
        () => 40,
      ),
    ).isFlat,
  ).toBe(false);
  expect(
    judgeMemory(
      run(
        () => 140,
        (share) => 40 + 20 * share,
      ),
    ).isFlat,
  ).toBe(false);
});

test("a few samples are no verdict", () => {
  expect(() =>
    judgeMemory(
      run(
        () => 140,
        () => 40,
      ).slice(0, 20),
    ),
  ).toThrow("too few");
});
