import { threadCpuUsage } from "node:process";
import { compareAccess } from "../../src/model/access/compare-access.ts";
import { HOSTILE_PAIRS, OVERSIZED_PAIRS } from "../support/access/hostile-pairs.ts";

/**
 * How long the comparison of two policies takes at IAM's quotas, and beyond them at the bounds of the schema.
 * `npm run bench:access`
 *
 * CPU time of this thread; the limit is for the medians, within the quotas.
 */
const RUNS = 5;
const LIMIT_MS = 200;

/** The median and the first time of some runs. */
function measured(run: () => string): { readonly first: number; readonly median: number; readonly verdict: string } {
  let verdict = "";
  const taken = Array.from({ length: RUNS }, () => {
    const before = threadCpuUsage();
    verdict = run();
    const { user, system } = threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  const sorted = taken.toSorted((a, b) => a - b);
  return { first: taken[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, verdict };
}

let slowest = 0;
console.log("first ms    median  verdict        pair");
for (const [pairs, title] of [
  [HOSTILE_PAIRS, ""],
  [OVERSIZED_PAIRS, "beyond the quotas: "],
] as const) {
  for (const { name, from, to } of pairs) {
    const { first, median, verdict } = measured(() => compareAccess(from, to).verdict);
    if (title === "") slowest = Math.max(slowest, median);
    const shown = [first, median].map((ms) => ms.toFixed(1).padStart(8)).join("  ");
    console.log(`${shown}  ${verdict.padEnd(13)}  ${title}${name}`);
  }
}
console.log(
  `Within IAM's quotas the slowest takes ${slowest.toFixed(1)} ms of CPU time; ${LIMIT_MS} ms are the limit.`,
);
if (slowest > LIMIT_MS) process.exitCode = 1;
