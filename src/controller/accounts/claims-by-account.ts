import { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { CachedClaims, type ClaimRules, selectsInstances } from "./cached-claims.ts";

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
