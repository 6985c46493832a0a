import { codeSpan } from "../../text/markdown.ts";
import { type AccessReport, type ReportedExample, type Verdict, worstVerdict } from "./access-report.ts";
import { GRANTS, grantOf, NO_NEW_ACCESS, principalOf, TRUSTS } from "./access-text.ts";

/** The report of one object; unnamed for a policy on its own. */
export interface NamedReport {
  readonly name?: string;
  readonly report: AccessReport;
}

/** Objects that the line names; the rest is counted. */
const MAX_NAMED = 3;

/** The verdict of all objects together. */
export function overallVerdict(reports: readonly NamedReport[]): Verdict {
  return worstVerdict(reports.map(({ report }) => report.verdict));
}

/** What all objects together newly grant, in one line: the first example of each object. */
export function overallLine(reports: readonly NamedReport[]): string {
  return lineOf(reports, (text) => text);
}

/** {@link overallLine} as Markdown. What authors wrote is in code spans. */
export function overallMarkdown(reports: readonly NamedReport[]): string {
  return `**${lineOf(reports, codeSpan)}**`;
}

function lineOf(reports: readonly NamedReport[], quoted: (text: string) => string): string {
  const first = (examples: readonly ReportedExample[], text: (example: ReportedExample) => string, name?: string) =>
    examples.slice(0, 1).map((example) => {
      const rest = examples.length === 1 ? "" : ` and ${examples.length - 1} more`;
      return `${quoted(text(example))}${rest}${name === undefined ? "" : ` (${quoted(name)})`}`;
    });
  const granting = reports.flatMap(({ name, report }) => first(report.permissions.examples, grantOf, name));
  const trusting = reports.flatMap(({ name, report }) => first(report.trust.examples, principalOf, name));
  const undecided = reports.filter(
    ({ report: { permissions, trust } }) => permissions.undecided.length + trust.undecided.length > 0,
  );
  const sentences = [
    ...sentence(`${GRANTS}: `, granting),
    ...sentence(`${TRUSTS}: `, trusting),
    ...(undecided.length === 0 ? [] : [undecidedSentence(undecided.map(({ name }) => name && quoted(name)))]),
  ];
  return sentences.length === 0 ? NO_NEW_ACCESS : sentences.join(". ");
}

function sentence(start: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${start}${counted(items, "; ")}`];
}

function undecidedSentence(names: readonly (string | undefined)[]): string {
  const known = names.filter((name) => name !== undefined);
  const where = known.length === 0 ? "" : ` for ${counted(known, ", ")}`;
  return `New access is not decided${where}: review it by hand`;
}

function counted(items: readonly string[], separator: string): string {
  const rest = items.length - MAX_NAMED;
  const more = rest <= 0 ? "" : ` and ${rest} more ${rest === 1 ? "object" : "objects"}`;
  return `${items.slice(0, MAX_NAMED).join(separator)}${more}`;
}
