import { partition } from "@aws-sdk/core/client";

/** True for a region that the SDK has by name, and not only by a pattern that a misspelled name matches too. */
export function isKnownRegion(region: string): boolean {
  return "description" in partition(region) && !region.endsWith("-global");
}
