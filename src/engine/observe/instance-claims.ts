import type { InstanceFacts } from "../../model/instances/instance.ts";
import { type InstanceClaim, inOrderOn, selects } from "../../model/instances/instance-claim.ts";
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

/**
 * Who asks for each instance of a snapshot: worked out once for all objects, until the snapshot or a claim changes. Which instances a
 * selection means is kept apart, because a claim changes more often than its selection: whenever it is recorded or held back.
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
    const onInstance = this.#workOut(snapshot, claims);
    this.#known.set(snapshot, { claims, onInstance });
    return onInstance;
  }

  /** RFC 3339, of the claim of the region that was recorded last; empty when none is recorded. */
  latestTimeIn(region: string): string {
    const times = this.#source.in(region).flatMap(({ instances }) => instances.priority.claimedTime ?? []);
    return times.reduce((latest, time) => (latest === "" || Date.parse(time) > Date.parse(latest) ? time : latest), "");
  }

  #workOut(snapshot: RegionSnapshot, claims: readonly InstanceClaim[]): ClaimsOnInstance {
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
    return (instanceId) => byInstance.get(instanceId) ?? NOBODY;
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

const NOBODY: readonly InstanceClaim[] = [];
