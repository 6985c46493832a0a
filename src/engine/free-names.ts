import type { DesiredPresent } from "../model/desired-state.ts";
import { nameKey } from "../model/naming.ts";
import type { ListedNames } from "./account-snapshot.ts";
import { SWEEP_BELIEVED_MS } from "./last-known-roles.ts";

/**
 * The names that an account had free when it was last swept: a reason to begin with a creation, which IAM refuses where the name
 * is taken, and never a proof that nothing is there.
 */
export class FreeNames {
  readonly #monotonicMs: () => number;
  #listed: ListedNames | undefined;
  /** Begun with since the last sweep. */
  readonly #used = new Set<string>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * True when the last sweep saw neither a role nor an instance profile of these names. Once for each name and sweep: whoever was
   * misled by it, or comes second to a name, looks for himself.
   */
  take({ role, instanceProfile }: DesiredPresent): boolean {
    const [roleName, profileName] = [nameKey(role.roleName), nameKey(instanceProfile.instanceProfileName)];
    const listed = this.#listed;
    if (listed === undefined || this.#monotonicMs() - listed.listedAtMs >= SWEEP_BELIEVED_MS) return false;
    if (listed.roles.has(roleName) || listed.instanceProfiles.has(profileName)) return false;
    const names = [`role ${roleName}`, `instance profile ${profileName}`];
    if (names.some((name) => this.#used.has(name))) return false;
    for (const name of names) this.#used.add(name);
    return true;
  }

  /** Takes the place of all that was known before. */
  replace(names: ListedNames): void {
    this.#listed = names;
    this.#used.clear();
  }
}
