import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { InstancesClaim, InstancesSpec } from "../../api/instances.ts";

/**
 * True for an object for which the controller associates no instances: it is suspended, a dry run, blocked, or its instance profile could
 * not be created, according to its status.
 */
export function isHeldBack({ spec, status }: Pick<InstanceProfile, "spec" | "status">): boolean {
  const has = (type: string, wanted: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === wanted) ?? false;
  const hasFailedCreate = status?.instanceProfile?.arn === undefined && has("Ready", "False");
  return spec.suspend || spec.mode === "DryRun" || has("Stalled", "True") || hasFailedCreate;
}

/** The part of an object that its claim on instances depends on. */
type Claimant = Pick<InstanceProfile, "status"> & { readonly metadata: Pick<InstanceProfile["metadata"], "uid"> };

/**
 * The record in status of the claim with these `instances`; undefined when the controller has recorded none. A record of another
 * selection, or of another object (a backup that was restored with a new uid), does not count.
 */
export function recordedClaim({ metadata, status }: Claimant, instances: InstancesSpec): InstancesClaim | undefined {
  const claim = status?.instances?.claim;
  if (claim === undefined || Number.isNaN(Date.parse(claim.time))) return undefined;
  return claim.selection === selectionText(metadata.uid, instances) ? claim : undefined;
}

/** Creates a record of the claim, with a time after the latest known claim even if the clock is behind. */
export function newClaimRecord(
  { metadata }: Pick<Claimant, "metadata">,
  instances: InstancesSpec,
  { nowMs, latestTime }: { readonly nowMs: number; readonly latestTime: string },
): InstancesClaim {
  const latestMs = latestTime === "" ? Number.NEGATIVE_INFINITY : Date.parse(latestTime);
  return {
    time: new Date(Math.max(nowMs, latestMs + 1)).toISOString(),
    selection: selectionText(metadata.uid, instances),
  };
}

/** The object and the instances of a claim. `onConflict` is not part of it. */
function selectionText(uid: string, { region, selector, ids = [] }: InstancesSpec): string {
  const tags = Object.entries(selector?.matchTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([uid, region, selector === undefined ? [...new Set(ids)].sort() : tags]);
}
