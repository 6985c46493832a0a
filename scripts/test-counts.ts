/**
 * Adds up the results that test runs left as JSON (see VITEST_JSON_DIR in vitest.config.ts) and prints them as one line,
 * `N passed, N failed`. A file that could not even be loaded counts as one failure: none of its tests ran.
 *
 *     node scripts/test-counts.ts FOLDER
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What we read of a report; its format is Jest's. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: "passed" | "failed";
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder that holds the JSON reports");

const reports = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Report);

const passed = reports.reduce((sum, report) => sum + report.numPassedTests, 0);
const failed = reports.reduce((sum, report) => sum + report.numFailedTests + brokenFiles(report), 0);
console.log(`${passed} passed, ${failed} failed`);

function brokenFiles({ testResults }: Report): number {
  return testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  ).length;
}
