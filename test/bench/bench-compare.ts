/**
 * Compares a run of the bench with a recorded one, and says what got worse by more than noise. Ends with 1 if something did.
 *
 *     npm run bench:compare [-- RUN.json [RECORDED.json]]
 *
 * By default the last recorded run (test/bench/results) is compared with the one before it, and a given run with the last recorded one.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compareRuns, describeComparison } from "./compare.ts";
import type { BenchRecord } from "./figures.ts";

const RESULTS = join(import.meta.dirname, "results");

const recorded = (existsSync(RESULTS) ? readdirSync(RESULTS) : [])
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => join(RESULTS, name));
const [given, against] = process.argv.slice(2);
const newer = given ?? recorded.at(-1);
const older = against ?? recorded.at(given === undefined ? -2 : -1);
if (newer === undefined || older === undefined || newer === older) {
  throw new Error(`two runs are needed: record one with npm run bench -- --record, or name two files`);
}
const comparison = compareRuns(read(newer), read(older));
console.log(`${newer} against ${older}`);
for (const line of describeComparison(comparison)) console.log(line);
process.exitCode = comparison.differences.some(({ verdict }) => verdict === "worse") ? 1 : 0;

function read(file: string): BenchRecord {
  return JSON.parse(readFileSync(file, "utf8")) as BenchRecord;
}
