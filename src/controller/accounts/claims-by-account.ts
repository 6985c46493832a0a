import { ClaimIndex } from "../../engine/observe/instance-claims.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { asksForInstances, CachedClaims, type ClaimRules } from "./cached-claims.ts";

/** What the claims are found in. */
export interface ClaimsByAccountOptions {
  readonly objects: () => readonly KubeObject[];
  /** See ClassResolver. */
  readonly accountOf: (raw: KubeObject) => string | undefined;
  readonly clusterId: string;
  /** Unset: every object may. */
  readonly rules?: ClaimRules;
}

const ALL_ALLOWED: ClaimRules = { revision: () => "", isAllowed: () => true };

/** The claims of the objects of one account, as they are and by the instances that they are on. */
export interface AccountClaims {
  readonly claims: CachedClaims;
  readonly index: ClaimIndex;
}

/**
 * Who asks for which instances, account by account: the objects of all classes of an account compete for its instances, and
 * those of another account have nothing to do with them.
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
      objects().filter((raw) => asksForInstances(raw) && accountOf(raw) === account);
    const claims = new CachedClaims(list, clusterId, rules);
    const fresh = { claims, index: new ClaimIndex(claims) };
    this.#byAccount.set(account, fresh);
    return fresh;
  }
}
