import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { ClaimIndex, type ClaimSource } from "../../engine/observe/instance-claims.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { claimOf } from "../../model/instances/claim-of.ts";
import { type InstanceClaim, isHeldBack } from "../../model/instances/instance-claim.ts";

/** Decides which objects may claim instances. */
export interface ClaimRules {
  /** Changes whenever the result of `judged` may change. */
  readonly revision: () => string;
  /**
   * The object with its class applied. Undefined for one that its class denies: an object that cannot be written must not
   * take instances from others.
   */
  readonly judged: (object: InstanceProfile) => InstanceProfile | undefined;
}

/**
 * The claims on instances of the objects in the watch's cache. An object that is suspended, blocked or a dry run keeps
 * its instances and its place if it has an instance profile; new claims of it lose to all other claims. Without an
 * instance profile it has no claims.
 */
export class CachedClaims implements ClaimSource {
  readonly #list: () => readonly KubeObject[];
  readonly #clusterId: string;
  readonly #rules: ClaimRules;
  #revision = "";
  /** Results by object: objects of the cache are frozen, so a result stays valid. */
  #read = new WeakMap<KubeObject, readonly InstanceClaim[]>();
  /** The last claim of each object, so that an equal claim keeps its identity when the rest of its object changes. */
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

  /** The claims of all regions. */
  all(): readonly InstanceClaim[] {
    const revision = this.#rules.revision();
    if (revision !== this.#revision) this.#read = new WeakMap();
    this.#revision = revision;
    const claims = this.#list().flatMap((raw) => this.of(raw));
    // Evicts the claims of deleted objects.
    if (this.#latest.size > 2 * claims.length + 100) this.#latest.clear();
    return claims;
  }

  /** The claim of one object, if any. An invalid spec has none. */
  of(raw: KubeObject): readonly InstanceClaim[] {
    const known = this.#read.get(raw);
    if (known !== undefined) return known;
    const claims = selectsInstances(raw) ? this.#parse(raw) : [];
    this.#read.set(raw, claims);
    return claims;
  }

  #parse(raw: KubeObject): readonly InstanceClaim[] {
    try {
      const object = parseInstanceProfile(raw);
      const judged = isBlockedCreate(object) ? undefined : this.#rules.judged(object);
      const claim = judged && claimOf(judged, this.#clusterId);
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

/** True when the object is blocked and has no instance profile yet. */
function isBlockedCreate(object: InstanceProfile): boolean {
  return object.status?.instanceProfile?.arn === undefined && isHeldBack(object);
}

/** True when the spec selects instances. Cheap: it does not parse the object. */
function selectsInstances(raw: KubeObject): boolean {
  const spec = raw["spec"] as { readonly instances?: unknown } | undefined;
  return spec?.instances !== undefined;
}

/** The dependencies of {@link ClaimsByAccount}. */
export interface ClaimsByAccountOptions {
  readonly objects: () => readonly KubeObject[];
  /** See ClassResolver. */
  readonly accountOf: (raw: KubeObject) => string | undefined;
  readonly clusterId: string;
  /** Unset: every object may claim instances. */
  readonly rules?: ClaimRules;
}

const ALL_ALLOWED: ClaimRules = { revision: () => "", judged: (object) => object };

/** The claims of the objects of one account, as a list and indexed by instance. */
export interface AccountClaims {
  readonly claims: CachedClaims;
  readonly index: ClaimIndex;
}

/**
 * The claims on instances, by account: the objects of all classes of an account compete for its instances, and objects
 * of other accounts do not.
 */
export class ClaimsByAccount {
  readonly #options: ClaimsByAccountOptions;
  readonly #byAccount = new Map<string, AccountClaims>();

  constructor(options: ClaimsByAccountOptions) {
    this.#options = options;
  }

  of(account: string): AccountClaims {
    const known = this.#byAccount.get(account);
    if (known !== undefined) return known;
    const { objects, accountOf, clusterId, rules = ALL_ALLOWED } = this.#options;
    const list = (): readonly KubeObject[] =>
      objects().filter((raw) => selectsInstances(raw) && accountOf(raw) === account);
    const claims = new CachedClaims(list, clusterId, rules);
    const fresh = { claims, index: new ClaimIndex(claims) };
    this.#byAccount.set(account, fresh);
    return fresh;
  }
}
