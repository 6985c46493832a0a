import { type KnownLine, type OutputLine, plainLine } from "../text/line.ts";
import { codeSpan, escapeMarkdown, fenced } from "../text/markdown.ts";
import type { AccessReport, Verdict } from "./access/access-report.ts";
import { accessLines, type NamedReport, overallLine, overallMarkdown, overallVerdict } from "./access/access-text.ts";
import type { Action } from "./action.ts";
import { type ActionDescription, describeAction } from "./describe-action.ts";
import { type Blocker, isAdoptionOnly, isInSync, type Plan } from "./plan.ts";

/** What the class of an object does not allow and does not block: the plan is for the rest of the object. */
export interface StrippedViolation extends Blocker {
  /** False for what cannot be left out, such as a name: it is reported only. */
  readonly isStripped: boolean;
}

/** A plan and the object it is for. */
export interface PlannedObject {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
  /** What the plan newly grants; unset when it is in sync or blocked, or when that was not computed. */
  readonly access?: AccessReport;
  /** Unset when there are none. */
  readonly violations?: readonly StrippedViolation[];
  /** True when the manifest was removed: the plan deletes what it left in AWS. */
  readonly isRemoved?: true;
}

/** The output format of a plan. */
export type PlanFormat = "text" | "json" | "markdown";

/** A policy test of the input, and what it found. */
export interface TestResult {
  /** `namespace/name` of the test. */
  readonly test: string;
  /** `namespace/name` of the object that it is about; undefined when the test does not name one. */
  readonly object?: string | undefined;
  /** `file:line:column` of the test. */
  readonly place: string;
  readonly verdict: "passed" | "failed";
  readonly failures: readonly { readonly place: string; readonly message: string }[];
}

/**
 * Renders plans as lines. A line break within a line is part of a name or value, and the writer must escape it. The same plans give the
 * same lines.
 */
export function renderPlans(
  objects: readonly PlannedObject[],
  format: PlanFormat,
  tests: readonly TestResult[] = [],
): readonly OutputLine[] {
  switch (format) {
    case "text":
      return [
        ...accessSummary(objects, overallLine),
        ...objects.flatMap((object) => [...textOf(object), ""]),
        headline(summaryOf(objects)),
      ];
    case "json":
      return jsonOf(objects, tests).split("\n");
    case "markdown":
      return [
        ...accessSummary(objects, overallMarkdown).map(plainLine),
        ...testsMarkdown(tests),
        `**${summaryOf(objects)}**`,
        ...objects.flatMap((object) => ["", ...markdownOf(object)]),
      ];
  }
}

/** What the plans together newly grant, which a reviewer must know first, and an empty line. Nothing for plans without writes. */
function accessSummary(
  objects: readonly PlannedObject[],
  lineOf: (reports: readonly NamedReport[]) => string,
): readonly OutputLine[] {
  const reports = reportsOf(objects);
  return reports.length === 0 ? [] : [lineOfAccess(lineOf(reports), overallVerdict(reports)), ""];
}

/** A line about access. What is not decided may be new access. */
function lineOfAccess(text: string, verdict: Verdict): OutputLine {
  return verdict === "no-new-access" ? text : { text, kind: "new-access" };
}

function headline(text: string): KnownLine {
  return { text, kind: "headline" };
}

function reportsOf(objects: readonly PlannedObject[]): readonly NamedReport[] {
  return objects.flatMap(({ namespace, name, access }) =>
    access === undefined ? [] : [{ name: `${namespace}/${name}`, report: access }],
  );
}

/** The version of the JSON that the commands print; it changes when a reader of the JSON has to. */
export const OUTPUT_API_VERSION = "cli.iam.instanceprofile.dev/v1";

function jsonOf(objects: readonly PlannedObject[], tests: readonly TestResult[]): string {
  const shown = objects.map((object) => ({
    ...object,
    plan: { ...object.plan, actions: object.plan.actions.map(withParsedDocument) },
  }));
  const reports = reportsOf(objects);
  const verdict = reports.length === 0 ? {} : { access: { verdict: overallVerdict(reports) } };
  const header = { apiVersion: OUTPUT_API_VERSION, kind: "Plan", ...verdict };
  return JSON.stringify(
    { ...header, ...(tests.length > 0 && { tests }), objects: shown, summary: countsOf(objects) },
    null,
    2,
  );
}

/** Failures that a comment shows; the rest is counted. */
const MAX_SHOWN_FAILURES = 20;

/** How many policy tests failed, why, and an empty line. Nothing without tests. */
function testsMarkdown(tests: readonly TestResult[]): readonly string[] {
  if (tests.length === 0) return [];
  const failed = tests.filter(({ verdict }) => verdict === "failed");
  if (failed.length === 0) return [`**Policy tests: ${tests.length} passed.**`, ""];
  const lines = failed.flatMap(({ failures }) => failures.map(({ place, message }) => `${place}: ${message}`));
  const rest = lines.length - MAX_SHOWN_FAILURES;
  return [
    `**Policy tests: ${failed.length} of ${tests.length} failed.**`,
    "",
    ...lines.slice(0, MAX_SHOWN_FAILURES).map((line) => `- ${codeSpan(line)}`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    "",
  ];
}

/** The action with its policy document as an object, which a reader of the JSON need not parse again. */
function withParsedDocument(action: Action): object {
  return "document" in action ? { ...action, document: JSON.parse(action.document) } : action;
}

/** The actions as lines for status, such as `+ role app`. */
export function planLines(plan: Plan): readonly string[] {
  return plan.actions.map((action) => {
    const { symbol, title } = describeAction(action);
    return `${symbol} ${title}`;
  });
}

function textOf(object: PlannedObject): readonly OutputLine[] {
  const { namespace, name } = object;
  return [headline(`InstanceProfile ${namespace}/${name}: ${verdictOf(object)}`), ...linesOf(object, "  ")];
}

function linesOf({ plan, access, violations = [] }: PlannedObject, indent: string): readonly OutputLine[] {
  return [
    ...(access === undefined
      ? []
      : accessLines(access).map((line) => lineOfAccess(`${indent}${line}`, access.verdict))),
    ...plan.actions.flatMap((action) => actionLines(describeAction(action), indent)),
    ...plan.blockers.map((blocker): OutputLine => ({ text: `${indent}! ${blockerText(blocker)}`, kind: "error" })),
    ...violations.map((one): OutputLine => {
      return { text: `${indent}! ${blockerText(one)}${one.isStripped ? " The class strips it." : ""}`, kind: "error" };
    }),
    ...(plan.notes ?? []).map(({ reason, message }) => `${indent}? ${reason}: ${message}`),
    ...plan.unmanagedPolicies.map((policy) => `${indent}? unmanaged policy ${policy}, left alone`),
  ];
}

function blockerText({ reason, message, place }: Blocker): string {
  return `${place ? `${place}: ` : ""}${reason}: ${message}`;
}

const ACTION_KINDS = { "+": "added", "~": "changed", "-": "removed" } as const;

function actionLines({ symbol, title, details }: ActionDescription, indent: string): readonly OutputLine[] {
  const line: OutputLine = { text: `${indent}${symbol} ${title}`, kind: ACTION_KINDS[symbol] };
  return [line, ...details.map((detail) => `${indent}    ${detail}`)];
}

function markdownOf(object: PlannedObject): readonly string[] {
  const { namespace, name, plan, violations } = object;
  const title = `<code>${escapeMarkdown(`${namespace}/${name}`)}</code>: ${verdictOf(object)}`;
  const lines = linesOf(object, "").map(plainLine);
  if (lines.length === 0) return [`- ${title}`];
  const open = isInSync(plan) && violations === undefined ? "" : " open";
  return [`<details${open}><summary>${title}</summary>`, "", ...fenced(lines.map(asDiff), "diff"), "", "</details>"];
}

/** Most renderers color a diff line by its first character and show `!` as changed. */
function asDiff(line: string): string {
  return line.startsWith("~") ? `!${line.slice(1)}` : line;
}

function verdictOf(object: PlannedObject): string {
  return object.violations === undefined ? stateOf(object) : `${stateOf(object)}, violates its class`;
}

function stateOf({ plan, isRemoved }: PlannedObject): string {
  const why = isRemoved ? "no manifest, " : "";
  if (isInSync(plan)) return isRemoved ? `${why}nothing to remove` : "in sync";
  if (isAdoptionOnly(plan)) return "adopted unchanged, only owner tags are written";
  const parts = [count(plan, "+", "to add"), count(plan, "~", "to change"), count(plan, "-", "to remove")];
  if (plan.blockers.length > 0) parts.push("blocked");
  return why + parts.filter((part) => part !== "").join(", ");
}

function count(plan: Plan, symbol: string, words: string): string {
  const n = plan.actions.filter((action) => describeAction(action).symbol === symbol).length;
  return n === 0 ? "" : `${n} ${words}`;
}

/** The number of objects by the state of their plans; each object counts once. */
export interface PlanCounts {
  readonly inSync: number;
  /** Unset when there are none. */
  readonly adopted?: number;
  readonly changed: number;
  readonly blocked: number;
}

/** Counts objects by the state of their plans. A blocked object counts as blocked only; one that is adopted unchanged has no changes. */
export function countsOf(objects: readonly PlannedObject[]): PlanCounts {
  const blocked = objects.filter(({ plan }) => plan.blockers.length > 0).length;
  const inSync = objects.filter(({ plan }) => isInSync(plan)).length;
  const adopted = objects.filter(({ plan }) => isAdoptionOnly(plan)).length;
  const changed = objects.length - blocked - inSync - adopted;
  return { inSync, ...(adopted === 0 ? {} : { adopted }), changed, blocked };
}

function summaryOf(objects: readonly PlannedObject[]): string {
  const { inSync, adopted, changed, blocked } = countsOf(objects);
  const unchanged = adopted === undefined ? "" : `${adopted} adopted unchanged, `;
  return `Plan: ${inSync} in sync, ${unchanged}${changed} with changes, ${blocked} blocked.`;
}
