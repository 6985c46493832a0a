import type { AccessReport, ReportedDoubt, ReportedExample } from "../../plan/access/access-report.ts";
import {
  accessLines,
  type NamedReport,
  overallLine,
  overallMarkdown,
  overallVerdict,
} from "../../plan/access/access-text.ts";
import { OUTPUT_API_VERSION, type PlanFormat } from "../../plan/render.ts";
import { escapeMarkdown, fenced } from "../../text/markdown.ts";

/** Renders what `access diff` found, as lines. */
export function renderDiff(reports: readonly NamedReport[], format: PlanFormat): readonly string[] {
  switch (format) {
    case "text":
      return textOf(reports);
    case "json":
      return JSON.stringify(jsonOf(reports), null, 2).split("\n");
    case "markdown":
      return [overallMarkdown(reports), ...reports.flatMap((report) => ["", ...markdownOf(report)])];
  }
}

function textOf(reports: readonly NamedReport[]): readonly string[] {
  const [first, ...others] = reports;
  if (first !== undefined && others.length === 0 && first.name === undefined) return accessLines(first.report);
  const objects = reports.flatMap(({ name, report }) => [
    "",
    `InstanceProfile ${name}`,
    ...accessLines(report).map((line) => `  ${line}`),
  ]);
  return [overallLine(reports), ...objects];
}

function markdownOf({ name, report }: NamedReport): readonly string[] {
  const lines = fenced(accessLines(report), "text");
  if (name === undefined) return lines;
  const open = report.verdict === "no-new-access" ? "" : " open";
  return [`<details${open}><summary><code>${escapeMarkdown(name)}</code></summary>`, "", ...lines, "", "</details>"];
}

/** The examples and doubts of all objects, each with the name of its object. */
function jsonOf(reports: readonly NamedReport[]): object {
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: "AccessDiff",
    verdict: overallVerdict(reports),
    examples: reports.flatMap(({ name, report }) => examplesOf(report).map((example) => withObject(name, example))),
    undecided: reports.flatMap(({ name, report }) => doubtsOf(report).map((doubt) => withObject(name, doubt))),
    ...(reports.some(({ name }) => name !== undefined) && {
      objects: reports.map(({ name, report: { verdict, notRead } }) => ({
        object: name,
        verdict,
        ...(notRead && { notRead }),
      })),
    }),
  };
}

/** Every example of a report. */
function examplesOf({ permissions, trust }: AccessReport): readonly ReportedExample[] {
  return [...permissions.examples, ...trust.examples];
}

/** Everything that a report leaves open. */
function doubtsOf({ permissions, trust }: AccessReport): readonly ReportedDoubt[] {
  return [...permissions.undecided, ...trust.undecided];
}

function withObject<T extends object>(name: string | undefined, item: T): object {
  return name === undefined ? item : { object: name, ...item };
}
