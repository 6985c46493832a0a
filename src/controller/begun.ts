import type { InstanceProfile } from "../api/instance-profile.ts";
import { hasFinalizer } from "./finalizer.ts";

/** True when an object shall be brought up and nothing of it was ever told. */
export function isUntold({ metadata, spec, status }: InstanceProfile): boolean {
  return (status?.observedGeneration ?? -1) < 0 && metadata.deletionTimestamp === undefined && spec.mode === "Enforce";
}

/**
 * True when an untold object is held by the finalizer. To a process that begins, it is what the one before had in hand: in AWS
 * there may be nothing of it yet, or all.
 */
export function isBegun(object: InstanceProfile): boolean {
  return isUntold(object) && hasFinalizer(object);
}
