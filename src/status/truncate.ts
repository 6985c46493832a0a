import type { Plan } from "../plan/plan.ts";
import { planLines } from "../plan/render.ts";
import { printable } from "../text/safe-text.ts";
import { findCondition } from "./conditions.ts";
import type { ReportedObject } from "./outcome.ts";

/** The maximum number of lines of a list in status; the last one counts the rest. */
const MAX_STATUS_LINES = 20;

/** The list as status shows it; undefined when it is empty. */
export function bounded(lines: readonly string[]): readonly string[] | undefined {
  if (lines.length === 0) return undefined;
  if (lines.length <= MAX_STATUS_LINES) return lines.map(printable);
  const shown = lines.slice(0, MAX_STATUS_LINES - 1).map(printable);
  return [...shown, `… and ${lines.length - MAX_STATUS_LINES + 1} more`];
}

/** True when the object's status already shows this plan as a planned adoption, for the current spec. */
export function isAnnounced({ metadata, status }: ReportedObject, plan: Plan): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  if (ready?.reason !== "AdoptionPlanned" || ready.observedGeneration !== metadata.generation) return false;
  return JSON.stringify(status?.plan) === JSON.stringify(bounded(planLines(plan)));
}
