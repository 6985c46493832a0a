import type { InstanceFacts } from "../../model/instances/instance.ts";
import { type InstanceClaim, inOrderOn, selects } from "../../model/instances/instance-claim.ts";
import type { RegionSnapshot } from "./region-snapshots.ts";

/** The claims of all objects on the instances of a region. */
export interface ClaimSource {
  /** The same list (by identity) until a claim changes. Objects in deletion have no claims. */
  in(region: string): readonly InstanceClaim[];
}

/** The claims on an instance, the winning claim first. */
export type ClaimsOnInstance = (instanceId: string) => readonly InstanceClaim[];

interface Known {
  readonly claims: readonly InstanceClaim[];
  readonly onInstance: ClaimsOnInstance;
}

/**
 * An index of the claims on each instance of a snapshot, computed once for all objects until the snapshot or a claim
 * changes. The instances that a selector matches are cached separately, because a claim changes more often (when it is
 * recorded or held back) than its selector.
 */
export class ClaimIndex {
  readonly #source: ClaimSource;
  readonly #known = new WeakMap<RegionSnapshot, Known>();
  readonly #selected = new WeakMap<RegionSnapshot, Map<string, readonly InstanceFacts[]>>();

  constructor(source: ClaimSource) {
    this.#source = source;
  }

  on(snapshot: RegionSnapshot): ClaimsOnInstance {
    const claims = this.#source.in(snapshot.region);
    const known = this.#known.get(snapshot);
    if (known?.claims === claims) return known.onInstance;
    const onInstance = this.#indexOf(snapshot, claims);
    this.#known.set(snapshot, { claims, onInstance });
    return onInstance;
  }

  /** The RFC 3339 time of the claim that was recorded last in the region; empty when none is recorded. */
  latestTimeIn(region: string): string {
    const times = this.#source.in(region).flatMap(({ instances }) => instances.priority.claimedTime ?? []);
    return times.reduce((latest, time) => (latest === "" || Date.parse(time) > Date.parse(latest) ? time : latest), "");
  }

  #indexOf(snapshot: RegionSnapshot, claims: readonly InstanceClaim[]): ClaimsOnInstance {
    const byInstance = new Map<string, InstanceClaim[]>();
    for (const claim of claims) {
      for (const { instanceId } of this.#selectedBy(claim, snapshot)) {
        const others = byInstance.get(instanceId);
        if (others === undefined) byInstance.set(instanceId, [claim]);
        else others.push(claim);
      }
    }
    for (const [instanceId, all] of byInstance) {
      const facts = snapshot.instances.get(instanceId);
      if (facts !== undefined && all.length > 1) byInstance.set(instanceId, [...inOrderOn(facts, all)]);
    }
    return (instanceId) => byInstance.get(instanceId) ?? NO_CLAIMS;
  }

  #selectedBy({ instances }: InstanceClaim, snapshot: RegionSnapshot): readonly InstanceFacts[] {
    const selected = this.#selected.get(snapshot) ?? new Map<string, readonly InstanceFacts[]>();
    this.#selected.set(snapshot, selected);
    const selection = JSON.stringify([instances.region, instances.matchTags ?? null, instances.ids]);
    const known = selected.get(selection);
    if (known !== undefined) return known;
    const found = [...snapshot.instances.values()].filter((facts) => selects(instances, facts));
    selected.set(selection, found);
    return found;
  }
}

const NO_CLAIMS: readonly InstanceClaim[] = [];
