/**
 * A lease as the store has it. Its times are left out on purpose: they are of another host's clock, and nobody may judge
 * by them.
 */
export interface SeenLease {
  /** Who leads; empty when nobody does. */
  readonly holderIdentity: string;
  /** How long the holder may be silent; undefined when the record does not say. */
  readonly leaseDurationMs: number | undefined;
  /** How often the lease has changed hands. */
  readonly leaseTransitions: number;
  /** Changes with every write to the lease, whoever makes it; for comparing, not for ordering. */
  readonly version: string;
}

/** What an elector writes; fields that are left out stay as they are. Times are wall clock, for people to read. */
export interface LeaseWrite {
  readonly holderIdentity: string;
  /** Whole seconds. */
  readonly leaseDurationMs: number;
  readonly renewTimeMs: number;
  readonly acquireTimeMs?: number;
  readonly leaseTransitions?: number;
}

/**
 * One lease in a store that all candidates share.
 *
 * Guarantees: `create` and `update` are conditional: they answer undefined, and change nothing, when the lease exists
 * already or is no longer in the version of `previous` (also when it is gone).
 * Assumption: a call ends soon after its signal aborts; whether a write that was cut took effect is then not known.
 * Errors: whatever kept the store from answering.
 */
export interface LeaseLock {
  /** How messages name the lease. */
  readonly name: string;
  /** The newest lease, never a cached one; undefined when there is none. */
  read(signal: AbortSignal): Promise<SeenLease | undefined>;
  create(write: LeaseWrite, signal: AbortSignal): Promise<SeenLease | undefined>;
  update(write: LeaseWrite, previous: SeenLease, signal: AbortSignal): Promise<SeenLease | undefined>;
}
