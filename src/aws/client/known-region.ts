import { partition } from "@aws-sdk/core/client";

/** The partition of a region, `aws` for an unknown one. */
export function partitionOf(region: string): string {
  return partition(region).name;
}

/** True for a region that the SDK has by name, and not only by a pattern that a misspelled name matches too. */
export function isKnownRegion(region: string): boolean {
  return "description" in partition(region) && !region.endsWith("-global");
}
