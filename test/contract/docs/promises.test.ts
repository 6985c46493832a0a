import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, NO_LISTENERS } from "../../../src/cli/controller/controller-process.ts";
import { CAMPAIGN_JITTER, DEFAULT_ELECTION_TIMINGS } from "../../../src/runtime/election/leader-election-options.ts";
import { ROOT, sectionOf } from "./document.ts";

const PROMISES = textOf("docs/explanation/guarantees.md", "What it promises");
const LIMITS = textOf("docs/explanation/guarantees.md", "What it does not do yet");
const MINUTE_MS = 60_000;

test("the guarantees say that one of several replicas works, and how soon the next one does", () => {
  const { leaseDurationMs, retryPeriodMs } = DEFAULT_ELECTION_TIMINGS;
  const slowestMs = leaseDurationMs + retryPeriodMs * (1 + CAMPAIGN_JITTER);
  expect(PROMISES).toContain("One of several replicas works.");
  expect(PROMISES).toContain("when it dies within 20");
  expect(slowestMs).toBeLessThan(20_000);
});

test("the guarantees give the times that the controller keeps", () => {
  const { scanIntervalMs, propagationWindowMs } = DEFAULT_SETTINGS;
  expect(scanIntervalMs).toBe(10 * MINUTE_MS);
  expect(PROMISES).toContain("every ten minutes");
  expect(LIMITS).toContain(`For ${propagationWindowMs / MINUTE_MS} minutes after a write`);
});

test("the guarantees promise no listener where none is asked for", () => {
  expect(PROMISES).toContain("It opens no port");
  expect(NO_LISTENERS).toEqual({ probes: "0", metrics: "0" });
});

test("the guarantees say of deploy/ whether it asks for listeners", () => {
  const deployment = readFileSync(join(ROOT, "deploy/base/deployment.yaml"), "utf8");
  expect(LIMITS.includes("Metrics and probes are off")).toBe(!deployment.includes("bind-address"));
});

test("the page about plan counts the reads that plan is allowed", () => {
  const policy = JSON.parse(readFileSync(join(ROOT, "deploy/aws/plan-policy.json"), "utf8"));
  const reads = policy.Statement.flatMap(({ Action }: { readonly Action: readonly string[] }) => Action);
  expect(reads).toHaveLength(18);
  expect(textOf("docs/how-to/plan.md", "`plan` in a pull request")).toContain("eighteen reads");
});

/** A section of a page in one line. */
function textOf(path: string, heading: string): string {
  const page = readFileSync(join(ROOT, path), "utf8");
  expect(sectionOf(path, heading).headings[0]).toBe(heading);
  return (page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "").replaceAll(/\s+/g, " ");
}
