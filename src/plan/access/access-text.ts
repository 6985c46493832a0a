import { codeSpan } from "../../text/markdown.ts";
import { messageText } from "../../text/safe-text.ts";
import {
  type AccessReport,
  type AreaReport,
  type ReportedDoubt,
  type ReportedExample,
  type ReportedPlace,
  type Verdict,
  worstVerdict,
} from "./access-report.ts";

/** The line of a change that grants nothing. */
const NO_NEW_ACCESS = "Grants no new access.";

/** How a line about new permissions begins. */
const GRANTS = "Grants new access";

/** How a line about new trust begins. */
const TRUSTS = "Lets new principals assume the role";

/** Statements that one report names; the rest is counted. */
const MAX_SHOWN = 5;

/** What authors write: ARNs, values of conditions, Sids. */
const MAX_PART_CHARS = 200;

/** A line of status.plan can have 4,096; the line of a status has two of these. */
const MAX_LINE_CHARS = 1_500;

/** The report as lines, the worst first. One line when nothing is new. */
export function accessLines(report: AccessReport, maxShown: number = MAX_SHOWN): readonly string[] {
  return [
    ...areaLines(report.permissions, GRANTS, permissionText, maxShown),
    ...areaLines(report.trust, TRUSTS, trustText, maxShown),
    ...(report.verdict === "no-new-access" ? [noneLine(report)] : []),
  ];
}

/** The report in one line, for a status or a summary: one example, and how many more there are. */
export function accessLine(report: AccessReport): string {
  return accessLines(report, 1).join("; ");
}

/** What of a permissions comparison is new, as lines that begin with the title. Empty when nothing is. */
export function permissionLines(report: AreaReport, title: string): readonly string[] {
  return areaLines(report, title, permissionText, MAX_SHOWN);
}

/** What is granted, without an example: `s3:PutObject on *`. Where a Deny refused it before, the statement says more than what is new. */
function grantOf(example: ReportedExample): string {
  const { action, resource, actionPattern = action, targetPattern = resource, wasDenied } = example;
  return wasDenied ? `${part(action)} on ${part(resource)}` : `${part(actionPattern)} on ${part(targetPattern)}`;
}

/** Who may newly assume the role: `Service:lambda.amazonaws.com`. */
function principalOf({ principal = "?" }: ReportedExample): string {
  return part(principal);
}

function noneLine({ notRead = [] }: AccessReport): string {
  if (notRead.length === 0) return NO_NEW_ACCESS;
  return `Grants no new access. Unchanged and not read: ${notRead.map(part).join(", ")}.`;
}

function areaLines(
  { examples, undecided }: AreaReport,
  title: string,
  text: (example: ReportedExample) => string,
  maxShown: number,
): readonly string[] {
  return [
    ...shown(examples, maxShown, text).map((line) => `${title}: ${line}`),
    ...shown(undecided, maxShown, doubtText).map((line) => `New access is not decided: ${line}`),
  ];
}

/** The texts of the first items; the last of them counts the rest. */
function shown<T extends Partial<ReportedPlace>>(
  items: readonly T[],
  maxShown: number,
  text: (item: T) => string,
): readonly string[] {
  const lines = items.slice(0, maxShown).map((item) => messageText(text(item), MAX_LINE_CHARS));
  const rest = items.length - lines.length;
  if (rest === 0) return lines;
  const more = `, and ${rest} more ${rest === 1 ? "statement" : "statements"}`;
  return lines.map((line, index) => (index === lines.length - 1 ? `${line}${more}` : line));
}

/** What the statement grants, then a request of it that was not allowed before. */
function permissionText(example: ReportedExample): string {
  const granted = grantOf(example);
  const request = `${part(example.action)} on ${part(example.resource)}`;
  const conditions = contextText(example);
  const isSaid = request === granted && conditions === "";
  const denied = example.wasDenied ? ["denied before"] : [];
  return withDetails(granted, [
    ...(isSaid ? [] : [`example: ${request}${conditions}`]),
    ...denied,
    ...placeOf(example),
  ]);
}

function trustText(example: ReportedExample): string {
  return withDetails(principalOf(example), [`${part(example.action)}${contextText(example)}`, ...placeOf(example)]);
}

function doubtText(doubt: ReportedDoubt): string {
  const place = placeOf(doubt).map((text) => `${text}: `);
  return `${place.join("")}${messageText(doubt.reason, 4 * MAX_PART_CHARS)}; review it by hand`;
}

/** The condition keys of a request: ` with aws:sourceip = "10.0.0.1"`; empty when it needs none. */
export function contextText({ context }: Pick<ReportedExample, "context">): string {
  const keys = Object.entries(context).map(([key, values]) => {
    const texts = values.map((value) => JSON.stringify(part(value)));
    return `${part(key)} = ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`;
  });
  return keys.length === 0 ? "" : ` with ${keys.join(" and ")}`;
}

function placeOf({ policy, statement, ...rest }: Partial<ReportedPlace>): readonly string[] {
  return statement === undefined ? [] : [placeText({ ...(policy !== undefined && { policy }), statement, ...rest })];
}

/** A statement in messages: `statement 1 "Read" of inline policy app at app.yaml:12:7`. */
export function placeText({
  policy,
  statement,
  sid,
  place,
}: Partial<ReportedPlace> & { readonly statement: number }): string {
  const named = sid === undefined || sid === "" ? "" : ` ${JSON.stringify(part(sid))}`;
  const where = policy === undefined ? "" : ` of ${part(policy)}`;
  return `statement ${statement + 1}${named}${where}${place === undefined ? "" : ` at ${place}`}`;
}

function withDetails(text: string, details: readonly string[]): string {
  return details.length === 0 ? text : `${text} (${details.join("; ")})`;
}

function part(text: string): string {
  return messageText(text, MAX_PART_CHARS);
}

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
