import type { InstanceReader } from "../../src/engine/instance-ports.ts";
import { ClaimIndex } from "../../src/engine/observe/instance-claims.ts";
import type { InstanceObservation } from "../../src/engine/observe/observe-instances.ts";
import { ProfileUsage } from "../../src/engine/observe/profile-usage.ts";
import { RegionSnapshots } from "../../src/engine/observe/region-snapshots.ts";

/** EC2 without an instance in any region. */
export const NO_INSTANCES: InstanceReader = {
  readRegion: async () => [],
  findUsers: async () => [],
  listRegions: async () => [],
  listAssociations: async () => [],
  listLaunchTemplates: async () => [],
};

/** A look at it, for passes that are not about instances. */
export function withoutInstances(): InstanceObservation {
  const options = { reader: NO_INSTANCES, monotonicMs: () => 0, propagationWindowMs: 0 };
  return {
    reader: NO_INSTANCES,
    snapshots: new RegionSnapshots(options),
    intervalMs: 60_000,
    guardRegions: async () => [],
    isEveryRegionGuarded: false,
    usage: new ProfileUsage(options),
    claims: new ClaimIndex({ in: () => [] }),
    isUserWaiting: true,
  };
}
