import { nameKey } from "../model/naming.ts";
import type { AccountSnapshot } from "./account-snapshot.ts";

/** What was last seen on a role: to know where to look, never a proof of what is there now. */
export interface LastKnownRole {
  readonly inlinePolicyNames: readonly string[];
  readonly managedPolicyArns: readonly string[];
  /** All instance profiles that hold it, whoever they belong to. */
  readonly instanceProfileNames: readonly string[];
  /** Monotonic ms. */
  readonly seenAtMs: number;
}

/** The roles of the account's objects as the last sweep saw them. */
export class LastKnownRoles {
  #roles: ReadonlyMap<string, LastKnownRole> = new Map();

  /** Undefined when no sweep has seen the role. */
  get(roleName: string): LastKnownRole | undefined {
    return this.#roles.get(nameKey(roleName));
  }

  /** Takes the place of all that was known before. */
  replace({ roles, holders, takenAtMs }: AccountSnapshot): void {
    this.#roles = new Map(
      [...roles].map(([key, { inlinePolicyNames, managedPolicyArns }]) => [
        key,
        { inlinePolicyNames, managedPolicyArns, instanceProfileNames: holders.get(key) ?? [], seenAtMs: takenAtMs },
      ]),
    );
  }
}
