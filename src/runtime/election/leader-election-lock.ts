/**
 * A Lease as stored. Its times are omitted on purpose: they are of another host's clock, and must not be used for decisions.
 */
export interface ObservedLease {
  /** The identity of the leader; empty without a leader. */
  readonly holderIdentity: string;
  /** How long the holder can go without renewing; undefined if the Lease does not say. */
  readonly leaseDurationMs: number | undefined;
  /** How often the holder has changed. */
  readonly leaseTransitions: number;
  /** Changes with every write to the Lease by any client; only for comparison, not for ordering. */
  readonly version: string;
  /** Only those that are strings; undefined without any. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The fields that an elector writes; omitted fields stay unchanged. Times are wall clock and informational. */
export interface LeaseWrite {
  readonly holderIdentity: string;
  /** Whole seconds. */
  readonly leaseDurationMs: number;
  readonly renewTimeMs: number;
  readonly acquireTimeMs?: number;
  readonly leaseTransitions?: number;
  /** Annotations to set; null removes one. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/**
 * One Lease in a store that all candidates share.
 *
 * Guarantees: `create` and `update` are conditional: they return undefined, and change nothing, when the Lease exists already
 * or is no longer in the version of `previous` (also when it was deleted).
 * Assumption: a call ends soon after its signal aborts; whether an aborted write took effect is unknown.
 * Errors: those of the store.
 */
export interface LeaseLock {
  /** Name of the Lease for messages. */
  readonly name: string;
  /** Reads the latest Lease, never a cached one; undefined if it does not exist. */
  read(signal: AbortSignal): Promise<ObservedLease | undefined>;
  create(write: LeaseWrite, signal: AbortSignal): Promise<ObservedLease | undefined>;
  update(write: LeaseWrite, previous: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined>;
}
