import type { Action } from "./action.ts";
import type { ActionDescription } from "./action-description.ts";
import { describeAction } from "./describe-action.ts";
import { isAdoptionOnly, isInSync, type Plan } from "./plan.ts";

/** A plan and the object it is for. */
export interface PlannedObject {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
  /** True when the manifest was removed: the plan deletes what it left in AWS. */
  readonly isRemoved?: true;
}

/** The output format of a plan. */
export type PlanFormat = "text" | "json" | "markdown";

/**
 * Renders plans as lines. A line break within a line is part of a name or value, and the writer must escape it. The same plans give the
 * same lines.
 */
export function renderPlans(objects: readonly PlannedObject[], format: PlanFormat): readonly string[] {
  switch (format) {
    case "text":
      return [...objects.flatMap((object) => [...textOf(object), ""]), summaryOf(objects)];
    case "json":
      return jsonOf(objects).split("\n");
    case "markdown":
      return [`**${summaryOf(objects)}**`, ...objects.flatMap((object) => ["", ...markdownOf(object)])];
  }
}

/** The version of the JSON that the commands print; it changes when a reader of the JSON has to. */
export const OUTPUT_API_VERSION = "cli.iam.instanceprofile.dev/v1";

function jsonOf(objects: readonly PlannedObject[]): string {
  const shown = objects.map((object) => ({
    ...object,
    plan: { ...object.plan, actions: object.plan.actions.map(withParsedDocument) },
  }));
  const header = { apiVersion: OUTPUT_API_VERSION, kind: "Plan" };
  return JSON.stringify({ ...header, objects: shown, summary: countsOf(objects) }, null, 2);
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

function textOf(object: PlannedObject): readonly string[] {
  const { namespace, name, plan } = object;
  return [`InstanceProfile ${namespace}/${name}: ${verdictOf(object)}`, ...linesOf(plan, "  ")];
}

function linesOf(plan: Plan, indent: string): readonly string[] {
  return [
    ...plan.actions.flatMap((action) => actionLines(describeAction(action), indent)),
    ...plan.blockers.map(
      ({ reason, message, place }) => `${indent}! ${place ? `${place}: ` : ""}${reason}: ${message}`,
    ),
    ...(plan.notes ?? []).map(({ reason, message }) => `${indent}? ${reason}: ${message}`),
    ...plan.unmanagedPolicies.map((policy) => `${indent}? unmanaged policy ${policy}, left alone`),
  ];
}

function actionLines({ symbol, title, details }: ActionDescription, indent: string): readonly string[] {
  return [`${indent}${symbol} ${title}`, ...details.map((detail) => `${indent}    ${detail}`)];
}

function markdownOf(object: PlannedObject): readonly string[] {
  const { namespace, name, plan } = object;
  const title = `<code>${escapeMarkdown(`${namespace}/${name}`)}</code>: ${verdictOf(object)}`;
  const lines = linesOf(plan, "");
  if (lines.length === 0) return [`- ${title}`];
  const fence = "`".repeat(Math.max(3, longestBacktickRun(lines.join("\n")) + 1));
  const open = isInSync(plan) ? "" : " open";
  return [
    `<details${open}><summary>${title}</summary>`,
    "",
    `${fence}diff`,
    ...lines.map(asDiff),
    fence,
    "",
    "</details>",
  ];
}

/** Most renderers color a diff line by its first character and show `!` as changed. */
function asDiff(line: string): string {
  return line.startsWith("~") ? `!${line.slice(1)}` : line;
}

/** The longest run of backticks: the fence must be longer, because user text could close it. */
function longestBacktickRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

/** Escapes HTML and Markdown, and the links and mentions that code hosts create from plain text. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/[!-+:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/\bwww\./gi, (match) => match.replace(".", "&#46;"));
}

function verdictOf({ plan, isRemoved }: PlannedObject): string {
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
