import { printableLine } from "../../src/text/safe-text.ts";
import type { Section } from "./check.ts";
import type { CheckResult, ConformanceOptions, ConformanceRun } from "./conformance.ts";

/** What the report says beside the run itself. */
export interface ReportFacts {
  readonly date: Date;
  readonly durationMs: number;
  /** Of the controller, its commit, Node.js and the SDK. */
  readonly versions: string;
  /** Leaves the account id, the caller's name and the subnet out. */
  readonly isRedacted: boolean;
}

/** Fills in docs/aws-report-template.md. */
export function reportOf(
  template: string,
  options: ConformanceOptions,
  run: ConformanceRun,
  { date, durationMs, versions, isRedacted }: ReportFacts,
): string {
  const { region, endpoint, launchable, accountId } = options;
  const values: Readonly<Record<string, string>> = {
    date: date.toISOString().slice(0, 10),
    result: run.endedEarly === undefined ? countsOf(run.results) : `incomplete: ${countsOf(run.results)}`,
    account: accountId,
    caller: cell(run.caller),
    partition: run.partition,
    region,
    endpoint: endpoint ?? "AWS",
    instances: launchable === undefined ? "none" : `${launchable.instanceType}, image ${launchable.imageId}`,
    versions,
    run: run.run,
    requests: String(run.requests),
    duration: `${Math.round(durationMs / 1_000)} s`,
    early: run.endedEarly === undefined ? "" : `**The run ended before all checks were made: ${run.endedEarly}.**\n\n`,
    failures: failuresOf(run.results),
    assumptions: tableOf(run.results, "assumption"),
    scenarios: tableOf(run.results, "scenario"),
    contract: tableOf(run.results, "contract"),
    cleaning: cleaningOf(run),
  };
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has {{${name}}}, which no report has`);
    return value;
  });
  return isRedacted ? redacted(text, options, run.caller) : text;
}

/** AWS names the caller and the subnet in its messages too, such as that of AccessDenied. */
function redacted(text: string, { accountId, launchable }: ConformanceOptions, caller: string): string {
  const named = text.replaceAll(cell(caller), cell(caller.replace(/\/.*/, "/…")));
  const placed = launchable?.subnetId === undefined ? named : named.replaceAll(launchable.subnetId, "SUBNET");
  return placed.replaceAll(accountId, "ACCOUNT");
}

/** How many checks passed, failed and say nothing. */
export function countsOf(results: readonly CheckResult[]): string {
  const count = (verdict: CheckResult["verdict"]): number =>
    results.filter((result) => result.verdict === verdict).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("not applicable")} not applicable`;
}

function tableOf(results: readonly CheckResult[], section: Section): string {
  const some = results.filter(({ check }) => check.section === section);
  if (some.length === 0) return "None was made.";
  const rows = some.map(({ check, verdict, observed }) => {
    const what = [check.assumption, cell(check.matters)].join("<br>");
    return `| \`${check.id}\` | ${section === "assumption" ? what : check.assumption} | ${verdict} | ${cell(observed)} |`;
  });
  return ["| check | what | result | observed |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function failuresOf(results: readonly CheckResult[]): string {
  const failed = results.filter(({ verdict }) => verdict === "failed");
  if (failed.length === 0) return "None.";
  return failed
    .map(({ check: { id, assumption, matters, steps, expected }, observed }) =>
      [
        `### ${id}`,
        "",
        assumption,
        `- matters in: ${cell(matters)}`,
        `- steps: ${steps}`,
        `- expected: ${expected}`,
        `- observed: ${cell(observed)}`,
      ].join("\n"),
    )
    .join("\n\n");
}

function cleaningOf({ cleanedBefore, cleanedAfter }: ConformanceRun): string {
  const lines = [
    `Deleted before the run: ${cleanedBefore.removed.length} left by earlier runs.`,
    `Deleted after the run: ${cleanedAfter.removed.length} that the checks had not deleted themselves.`,
  ];
  if (cleanedAfter.left.length === 0) return [...lines, "Nothing of a run is left."].join("\n");
  return [...lines, "", "Not deleted:", "", ...cleanedAfter.left.map((left) => `- ${cell(left)}`)].join("\n");
}

/** Text of AWS in a table: one line, shown literally. */
function cell(text: string): string {
  return printableLine(text).replaceAll(/[|<>*_`[\]\\]/g, (sign) => `\\${sign}`);
}
