import { type DriftMemory, describeChange } from "../../engine/drift/drift-memory.ts";
import { partsOf } from "../../engine/observe/stale-observation.ts";
import type { Convergence } from "../../engine/reconcile/converge.ts";
import type { Subject } from "./subject.ts";

/**
 * Records what a reconcile has observed as the state from which reported changes are verified, and returns who made the changes that it
 * has repaired.
 */
export function recordDrift(
  drift: DriftMemory,
  { key, object }: Pick<Subject, "key" | "object">,
  { report, after, isAnnouncement }: Convergence,
): readonly string[] {
  if (report.failed === undefined && !isAnnouncement) drift.recordState(key, object.metadata, after);
  else drift.forgetState(key);
  if (report.applied.length === 0) return [];
  const parts = partsOf(report.applied.map(({ action }) => action));
  return drift.repaired(key, parts).map(describeChange);
}
