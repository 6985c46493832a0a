/**
 * Compares random pairs of policies and tries every request of a small space on each: prints figures, and the smallest form of each pair of
 * which the verdict is wrong. The exit status is 1 when there is one.
 *
 *     npm run access:brute-force -- [--pairs 100000] [--seed N]
 *
 * A pair follows from its number alone: `--seed N --pairs 1` judges pair N again.
 */
import { parseArgs } from "node:util";
import type { AccessComparison } from "../src/model/access/access.ts";
import { compareAccess } from "../src/model/access/compare-access.ts";
import { millisecondsSince, startNow } from "../test/support/access/corpus-run.ts";
import { judge } from "../test/support/access/judge-comparison.ts";
import { randomPair } from "../test/support/access/random-pairs.ts";
import { faultText } from "../test/support/access/shrink-pair.ts";

const { values } = parseArgs({
  options: { pairs: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const [first, count] = [Number(values.seed), Number(values.pairs)];

const verdicts = { "no-new-access": 0, "new-access": 0, undecided: 0, error: 0 };
const reasons = new Map<string, number>();
const times: number[] = [];
/** Undecided pairs with a request that is new in every reading. */
let missed = 0;
let wrong = 0;

function timed(...[from, to]: Parameters<typeof compareAccess>): AccessComparison {
  const start = startNow();
  const comparison = compareAccess(from, to);
  times.push(millisecondsSince(start));
  if (comparison.verdict === "undecided") {
    const reason = comparison.undecided[0]?.reason ?? "no reason";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return comparison;
}

for (let seed = first; seed < first + count; seed += 1) {
  const { verdict, faults, isMissed } = judge(randomPair(seed), timed);
  verdicts[verdict] += 1;
  if (isMissed) missed += 1;
  if (faults.length === 0) continue;
  wrong += 1;
  console.log(faultText(seed, compareAccess));
}

times.sort((a, b) => a - b);
const at = (share: number): number =>
  Number((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(3));
console.log(
  JSON.stringify(
    {
      pairs: count,
      firstSeed: first,
      ...verdicts,
      undecidedPercent: (100 * verdicts.undecided) / count,
      undecidedWithAnExample: missed,
      wrong,
      milliseconds: { p50: at(0.5), p99: at(0.99), max: at(1) },
      reasons: Object.fromEntries([...reasons].sort(([, a], [, b]) => b - a).slice(0, 15)),
    },
    undefined,
    2,
  ),
);
process.exitCode = wrong === 0 ? 0 : 1;
