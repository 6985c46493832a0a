import type { InstanceProfile, InstancesClaim, InstancesSpec } from "../../api/instance-profile.ts";

/**
 * True for an object that the controller associates nothing for: it is suspended, a dry run, blocked, or its instance profile could not
 * be created, as far as its status knows.
 */
export function isHeldBack({ spec, status }: Pick<InstanceProfile, "spec" | "status">): boolean {
  const has = (type: string, wanted: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === wanted) ?? false;
  const hasFailedCreate = status?.instanceProfile === undefined && has("Ready", "False");
  return spec.suspend || spec.mode === "DryRun" || has("Stalled", "True") || hasFailedCreate;
}

/** What of an object its claim on instances depends on. */
type Claimant = Pick<InstanceProfile, "status"> & { readonly metadata: Pick<InstanceProfile["metadata"], "uid"> };

/**
 * The record in status of the claim that the object makes with these `instances`; undefined when the controller has recorded none. A
 * record of another selection, or of another object (a backup was restored under a new uid), is none of this claim.
 */
export function recordedClaim({ metadata, status }: Claimant, instances: InstancesSpec): InstancesClaim | undefined {
  const claim = status?.instances?.claim;
  if (claim === undefined || Number.isNaN(Date.parse(claim.time))) return undefined;
  return claim.selection === selectionText(metadata.uid, instances) ? claim : undefined;
}

/** A record of the claim: made now, and after the latest claim that is known, also by a clock that is behind. */
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

/** Whose claim it is, and on which instances. What is to become of other profiles is no part of it. */
function selectionText(uid: string, { region, selector, ids = [] }: InstancesSpec): string {
  const tags = Object.entries(selector?.matchTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([uid, region, selector === undefined ? [...new Set(ids)].sort() : tags]);
}
