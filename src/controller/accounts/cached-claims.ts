import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { ClaimSource } from "../../engine/observe/instance-claims.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { claimOf } from "../../model/instances/claim-of.ts";
import { isHeldBack } from "../../model/instances/claim-record.ts";
import type { InstanceClaim } from "../../model/instances/instance-claim.ts";

/** Which objects may claim instances at all. */
export interface ClaimRules {
  /** Changes when the answer of `isAllowed` may. */
  readonly revision: () => string;
  /** False for an object that its class refuses: what may not be written takes nothing from others. */
  readonly isAllowed: (object: InstanceProfile) => boolean;
}

/**
 * What the objects of the watch's cache ask of instances. Objects that are suspended, blocked or a dry run keep the instances and the
 * place that they had before, if they have an instance profile; what they ask for meanwhile gives way to every other claim. Without an
 * instance profile they do not count.
 */
export class CachedClaims implements ClaimSource {
  readonly #list: () => readonly KubeObject[];
  readonly #clusterId: string;
  readonly #rules: ClaimRules;
  #revision = "";
  /** Objects of the cache are frozen: what was read from one stays true. */
  #read = new WeakMap<KubeObject, readonly InstanceClaim[]>();
  /** The last claim of each object: one that says the same is the same, whatever else of its object has changed. */
  readonly #latest = new Map<string, InstanceClaim>();
  readonly #byRegion = new Map<string, readonly InstanceClaim[]>();

  constructor(list: () => readonly KubeObject[], clusterId: string, rules: ClaimRules) {
    this.#list = list;
    this.#clusterId = clusterId;
    this.#rules = rules;
  }

  in(region: string): readonly InstanceClaim[] {
    const claims = this.all().filter(({ instances }) => instances.region === region);
    const known = this.#byRegion.get(region);
    if (known?.length === claims.length && known.every((claim, i) => claim === claims[i])) return known;
    this.#byRegion.set(region, claims);
    return claims;
  }

  /** Of every region. */
  all(): readonly InstanceClaim[] {
    const revision = this.#rules.revision();
    if (revision !== this.#revision) this.#read = new WeakMap();
    this.#revision = revision;
    const claims = this.#list().flatMap((raw) => this.of(raw));
    // Those of objects that are gone.
    if (this.#latest.size > 2 * claims.length + 100) this.#latest.clear();
    return claims;
  }

  /** Of one object: one claim, or none. A spec that does not parse asks for nothing. */
  of(raw: KubeObject): readonly InstanceClaim[] {
    const known = this.#read.get(raw);
    if (known !== undefined) return known;
    const claims = asksForInstances(raw) ? this.#parse(raw) : [];
    this.#read.set(raw, claims);
    return claims;
  }

  #parse(raw: KubeObject): readonly InstanceClaim[] {
    try {
      const object = parseInstanceProfile(raw);
      if (isBlockedCreate(object) || !this.#rules.isAllowed(object)) return [];
      const claim = claimOf(object, this.#clusterId);
      return claim === undefined ? [] : [this.#same(claim)];
    } catch {
      return [];
    }
  }

  #same(claim: InstanceClaim): InstanceClaim {
    const latest = this.#latest.get(claim.key);
    if (latest !== undefined && JSON.stringify(latest) === JSON.stringify(claim)) return latest;
    this.#latest.set(claim.key, claim);
    return claim;
  }
}

/** True when something else has to change before the object gets an instance profile. */
function isBlockedCreate(object: InstanceProfile): boolean {
  return object.status?.instanceProfile === undefined && isHeldBack(object);
}

/** Most objects do not, and need not be parsed to know it. */
export function asksForInstances(raw: KubeObject): boolean {
  const spec = raw["spec"] as { readonly instances?: unknown } | undefined;
  return spec?.instances !== undefined;
}
