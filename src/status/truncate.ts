import type { Plan } from "../plan/plan.ts";
import { planLines } from "../plan/render.ts";
import { printable } from "../text/printable.ts";
import { findCondition } from "./conditions.ts";
import type { ObjectSoFar } from "./outcome.ts";

/** Lists in status are for reading; the rest is counted. */
const MAX_STATUS_LINES = 20;

/** The list as a status shows it; undefined when there is nothing to show. */
export function bounded(lines: readonly string[]): readonly string[] | undefined {
  if (lines.length === 0) return undefined;
  if (lines.length <= MAX_STATUS_LINES) return lines.map(printable);
  const shown = lines.slice(0, MAX_STATUS_LINES - 1).map(printable);
  return [...shown, `… and ${lines.length - MAX_STATUS_LINES + 1} more`];
}

/** True when the object's status shows this very plan as that of an adoption, for the spec as it is now. */
export function isAnnounced({ metadata, status }: ObjectSoFar, plan: Plan): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  if (ready?.reason !== "AdoptionPlanned" || ready.observedGeneration !== metadata.generation) return false;
  return JSON.stringify(status?.plan) === JSON.stringify(bounded(planLines(plan)));
}
