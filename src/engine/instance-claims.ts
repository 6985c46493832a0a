import { type InstanceClaim, inOrderOn, selects } from "../model/instance-claim.ts";
import type { RegionSnapshot } from "./region-snapshots.ts";

/** What all objects ask of the instances of a region. */
export interface ClaimSource {
  /** The very same list for as long as nothing has changed. Objects that are going ask for nothing. */
  in(region: string): readonly InstanceClaim[];
}

/** The claims on an instance, the one that wins first. */
export type ClaimsOnInstance = (instanceId: string) => readonly InstanceClaim[];

interface Known {
  readonly claims: readonly InstanceClaim[];
  readonly onInstance: ClaimsOnInstance;
}

/** Who asks for each instance of a snapshot: worked out once for all objects, until the snapshot or a claim changes. */
export class ClaimIndex {
  readonly #source: ClaimSource;
  readonly #known = new WeakMap<RegionSnapshot, Known>();

  constructor(source: ClaimSource) {
    this.#source = source;
  }

  on(snapshot: RegionSnapshot): ClaimsOnInstance {
    const claims = this.#source.in(snapshot.region);
    const known = this.#known.get(snapshot);
    if (known?.claims === claims) return known.onInstance;
    const onInstance = workOut(snapshot, claims);
    this.#known.set(snapshot, { claims, onInstance });
    return onInstance;
  }

  /** RFC 3339, of the claim of the region that was recorded last; empty when none is recorded. */
  latestTimeIn(region: string): string {
    const times = this.#source.in(region).flatMap(({ instances }) => instances.priority.claimedTime ?? []);
    return times.reduce((latest, time) => (latest === "" || Date.parse(time) > Date.parse(latest) ? time : latest), "");
  }
}

const NOBODY: readonly InstanceClaim[] = [];

function workOut(snapshot: RegionSnapshot, all: readonly InstanceClaim[]): ClaimsOnInstance {
  const byInstance = new Map<string, readonly InstanceClaim[]>();
  for (const facts of snapshot.instances.values()) {
    const claims = all.filter(({ instances }) => selects(instances, facts));
    if (claims.length > 0) byInstance.set(facts.instanceId, inOrderOn(facts, claims));
  }
  return (instanceId) => byInstance.get(instanceId) ?? NOBODY;
}
