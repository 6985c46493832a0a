import { type ActionDescription, describeAction } from "./describe-action.ts";
import { isInSync, type Plan } from "./plan.ts";

/** A plan and the object it is for. */
export interface PlannedObject {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
}

/** How a plan is shown. */
export type PlanFormat = "text" | "json" | "markdown";

/** The plans in the format asked for, ending in a newline. The same plans give the same bytes. */
export function renderPlans(objects: readonly PlannedObject[], format: PlanFormat): string {
  switch (format) {
    case "text":
      return `${[...objects.map(textOf), summaryOf(objects)].join("\n\n")}\n`;
    case "json":
      return `${JSON.stringify({ objects, summary: countsOf(objects) }, null, 2)}\n`;
    case "markdown":
      return `${[`**${summaryOf(objects)}**`, ...objects.map(markdownOf)].join("\n\n")}\n`;
  }
}

/** One line per action, for status: `+ role app`. */
export function planLines(plan: Plan): readonly string[] {
  return plan.actions.map((action) => {
    const { symbol, title } = describeAction(action);
    return `${symbol} ${title}`;
  });
}

function textOf({ namespace, name, plan }: PlannedObject): string {
  return [`InstanceProfile ${namespace}/${name}: ${verdictOf(plan)}`, ...linesOf(plan, "  ")].join("\n");
}

function linesOf(plan: Plan, indent: string): readonly string[] {
  return [
    ...plan.actions.flatMap((action) => actionLines(describeAction(action), indent)),
    ...plan.blockers.map(({ reason, message }) => `${indent}! ${reason}: ${message}`),
    ...plan.unmanagedPolicies.map((policy) => `${indent}? unmanaged policy ${policy}, left alone`),
  ];
}

function actionLines({ symbol, title, details }: ActionDescription, indent: string): readonly string[] {
  return [`${indent}${symbol} ${title}`, ...details.map((detail) => `${indent}    ${detail}`)];
}

function markdownOf(object: PlannedObject): string {
  const { namespace, name, plan } = object;
  const title = `<code>${escapeHtml(`${namespace}/${name}`)}</code>: ${escapeHtml(verdictOf(plan))}`;
  const lines = linesOf(plan, "");
  if (lines.length === 0) return `- ${title}`;
  const fence = "`".repeat(Math.max(3, longestBacktickRun(lines.join("\n")) + 1));
  const open = isInSync(plan) ? "" : " open";
  return `<details${open}><summary>${title}</summary>\n\n${fence}diff\n${lines.map(asDiff).join("\n")}\n${fence}\n\n</details>`;
}

/** A diff block colours by the first character; `!` is what most renderers show as changed. */
function asDiff(line: string): string {
  return line.startsWith("~") ? `!${line.slice(1)}` : line;
}

/** User text could close the fence that it stands in. */
function longestBacktickRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function verdictOf(plan: Plan): string {
  if (isInSync(plan)) return "in sync";
  const parts = [count(plan, "+", "to add"), count(plan, "~", "to change"), count(plan, "-", "to remove")];
  if (plan.blockers.length > 0) parts.push("blocked");
  return parts.filter((part) => part !== "").join(", ");
}

function count(plan: Plan, symbol: string, words: string): string {
  const n = plan.actions.filter((action) => describeAction(action).symbol === symbol).length;
  return n === 0 ? "" : `${n} ${words}`;
}

/** How many objects stand how. A blocked one counts as blocked only. */
export interface PlanCounts {
  readonly inSync: number;
  readonly changed: number;
  readonly blocked: number;
}

/** Counts objects by what their plans say. */
export function countsOf(objects: readonly PlannedObject[]): PlanCounts {
  const blocked = objects.filter(({ plan }) => plan.blockers.length > 0).length;
  const inSync = objects.filter(({ plan }) => isInSync(plan)).length;
  return { inSync, changed: objects.length - blocked - inSync, blocked };
}

function summaryOf(objects: readonly PlannedObject[]): string {
  const { inSync, changed, blocked } = countsOf(objects);
  return `Plan: ${inSync} in sync, ${changed} with changes, ${blocked} blocked.`;
}
