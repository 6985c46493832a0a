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

/** What a sweep saw longer ago than this is not worth to begin with. */
export const SWEEP_BELIEVED_MS = 900_000;

/** The roles of the account's objects as the last sweep saw them, and as nobody of us has written them since. */
export class LastKnownRoles {
  readonly #monotonicMs: () => number;
  #roles = new Map<string, LastKnownRole>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** What is known of the role, once: whoever was misled by it looks for himself the next time. */
  take(roleName: string): LastKnownRole | undefined {
    const role = this.#roles.get(nameKey(roleName));
    this.forget(roleName);
    return role !== undefined && this.#monotonicMs() - role.seenAtMs < SWEEP_BELIEVED_MS ? role : undefined;
  }

  /** We have written it: the next sweep will see how it is now. */
  forget(roleName: string): void {
    this.#roles.delete(nameKey(roleName));
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
