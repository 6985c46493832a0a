import type { InstanceProfile } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { hasFinalizer } from "../finalizer.ts";
import { asReceived } from "./outcomes.ts";

/** True when no status was ever written for the object. */
export function isUnreported({ status }: Pick<InstanceProfile, "status">): boolean {
  return (status?.observedGeneration ?? -1) < 0;
}

/** When an object was created, in ms since the epoch; undefined once a status was written for it. */
export function unreportedSinceMs(raw: KubeObject | undefined): number | undefined {
  if (raw === undefined) return undefined;
  const { metadata, status } = asReceived(raw);
  const atMs = Date.parse(metadata.creationTimestamp ?? "");
  return isUnreported({ ...(status && { status }) }) && !Number.isNaN(atMs) ? atMs : undefined;
}

/** True when the object is enforced, not in deletion, and was never reported. With `--dry-run`, an earlier process may have enforced it. */
export function isUnreportedCreate(object: InstanceProfile): boolean {
  const { metadata, spec, isDryRun = false } = object;
  return isUnreported(object) && metadata.deletionTimestamp === undefined && (isDryRun || spec.mode === "Enforce");
}

/**
 * True when an object with the finalizer was never reported: an earlier process may have stopped while creating it, so
 * AWS may have nothing, a part or all of it. It only decides what is read first and proves nothing, because authors can
 * write finalizers.
 */
export function isInterruptedCreate(object: InstanceProfile): boolean {
  return isUnreportedCreate(object) && hasFinalizer(object);
}
