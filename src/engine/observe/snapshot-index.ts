import type { ObjectMeta } from "../../api/instance-profile.ts";
import { type DesiredPresent, type DesiredState, roleNameOf } from "../../model/desired-state.ts";
import { nameKey } from "../../model/naming.ts";
import type { AccountSnapshot, ListedNames } from "./account-snapshot.ts";
import type { RoleParts } from "./observe-iam.ts";
import type { StaleObservation } from "./stale-observation.ts";

/** Where a reconcile may start instead of reading everything. */
export type StartingPoint =
  /** The scan saw neither a role nor an instance profile of these names: the first write is a creation, which IAM refuses where they exist. */
  | { readonly kind: "absent" }
  /** The scan saw the object's side of AWS a moment ago. */
  | { readonly kind: "seen"; readonly observation: StaleObservation }
  /** The scan saw what is on a role that is to be deleted. */
  | { readonly kind: "parts"; readonly parts: RoleParts }
  /** Read everything. */
  | { readonly kind: "unknown" };

/** The starting point of a reconcile that believes no scan. */
export const UNKNOWN: StartingPoint = { kind: "unknown" };

/** The object that a reconcile is about. */
export interface IndexQuery extends Pick<ObjectMeta, "uid" | "generation"> {
  /** `namespace/name`. */
  readonly key: string;
  /** Nothing was ever created for the object. */
  readonly isNew: boolean;
  /** A user waits, so an observation of the scan is not good enough, unless it is of an interrupted creation. */
  readonly isUserWaiting: boolean;
}

/** Names and parts of roles from an older scan are no better than a guess. */
const SCAN_BELIEVED_MS = 900_000;
/** An older observation says nothing about who owns the role now. */
const OBSERVATION_BELIEVED_MS = 30_000;

type RecordedObservation = StaleObservation & Pick<ObjectMeta, "uid" | "generation"> & { readonly atMs: number };

/**
 * What the last account scan saw, as starting points for reconciles. Each fact is given out once: a reconcile that it misled reads
 * everything the next time. Nothing in it is a proof; what is written is proved by a read in the same reconcile.
 */
export class SnapshotIndex {
  readonly #monotonicMs: () => number;
  #names: ListedNames | undefined;
  #roles = new Map<string, RoleParts>();
  #takenAtMs = Number.NEGATIVE_INFINITY;
  /** Names that were given out as absent since the scan. */
  readonly #usedNames = new Set<string>();
  readonly #observations = new Map<string, RecordedObservation>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** A scan has read the account: its facts take the place of all earlier ones. */
  replace({ roles, holders, takenAtMs, names }: AccountSnapshot): void {
    this.#names = names;
    this.#takenAtMs = takenAtMs;
    this.#usedNames.clear();
    this.#roles = new Map(
      [...roles].map(([key, { inlinePolicyNames, managedPolicyArns }]) => [
        key,
        { inlinePolicyNames, managedPolicyArns, instanceProfileNames: holders.get(key) ?? [] },
      ]),
    );
  }

  /** The scan saw that AWS differs from the object's spec or status. */
  record(key: string, { uid, generation }: RecordedIdentity, observation: StaleObservation, atMs: number): void {
    this.#observations.set(key, { ...observation, uid, generation, atMs });
  }

  /** Where a reconcile of the object may start. */
  startingPoint(desired: DesiredState, query: IndexQuery): StartingPoint {
    const observation = this.#takeObservation(query);
    if (desired.presence === "absent") {
      const parts = this.#takeParts(desired.roleName);
      return parts === undefined ? UNKNOWN : { kind: "parts", parts };
    }
    const isNew = query.isNew || observation?.isOfInterruptedCreate === true;
    if (isNew && !desired.mayAdopt && this.#takeAbsent(desired)) return { kind: "absent" };
    return observation === undefined ? UNKNOWN : { kind: "seen", observation };
  }

  /** The controller has written the role: the next scan sees what is on it now. */
  forgetRole(desired: DesiredState): void {
    this.#roles.delete(nameKey(roleNameOf(desired)));
  }

  /** The object is in sync, or gone: what an earlier scan saw of it is of no use. */
  forget(key: string): void {
    this.#observations.delete(key);
  }

  #takeObservation({ key, uid, generation, isUserWaiting }: IndexQuery): StaleObservation | undefined {
    const known = this.#observations.get(key);
    this.#observations.delete(key);
    if (known === undefined || (isUserWaiting && known.isOfInterruptedCreate !== true)) return undefined;
    if (known.uid !== uid || known.generation !== generation) return undefined;
    return this.#monotonicMs() - known.atMs < OBSERVATION_BELIEVED_MS ? known : undefined;
  }

  #takeParts(roleName: string): RoleParts | undefined {
    const parts = this.#roles.get(nameKey(roleName));
    this.#roles.delete(nameKey(roleName));
    return this.#monotonicMs() - this.#takenAtMs < SCAN_BELIEVED_MS ? parts : undefined;
  }

  #takeAbsent({ role, instanceProfile }: DesiredPresent): boolean {
    const [roleName, profileName] = [nameKey(role.roleName), nameKey(instanceProfile.instanceProfileName)];
    const listed = this.#names;
    if (listed === undefined || this.#monotonicMs() - listed.listedAtMs >= SCAN_BELIEVED_MS) return false;
    if (listed.roles.has(roleName) || listed.instanceProfiles.has(profileName)) return false;
    const names = [`role ${roleName}`, `instance profile ${profileName}`];
    if (names.some((name) => this.#usedNames.has(name))) return false;
    for (const name of names) this.#usedNames.add(name);
    return true;
  }
}

type RecordedIdentity = Pick<ObjectMeta, "uid" | "generation">;
