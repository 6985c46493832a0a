import type { Clock } from "../clock.ts";
import type { LeaseLock, LeaseWrite, ObservedLease } from "./leader-election-lock.ts";
import type { ElectionTimings } from "./leader-election-options.ts";
import { type Moment, momentOf } from "./leader-election-tenure.ts";

/** A version of the Lease, and when it was first observed, monotonic ms. */
export interface Observation {
  readonly lease: ObservedLease;
  readonly sinceMs: number;
}

/**
 * The result of an attempt, with the last observed Lease (undefined if it does not exist):
 * - `held`: this process holds the Lease; `sent` is when the successful request was sent.
 * - `notHeld`: another process holds it and it has not expired; or, for a leader, this process no longer holds it.
 * - `outrun`: another client wrote it during the attempt.
 */
export type AttemptOutcome =
  | { readonly kind: "held"; readonly observation: Observation; readonly sent: Moment }
  | { readonly kind: "notHeld" | "outrun"; readonly observation: Observation | undefined };

/** The candidate and its dependencies. */
export interface Candidacy {
  readonly lock: LeaseLock;
  readonly identity: string;
  readonly clock: Clock;
  readonly timings: ElectionTimings;
  /** Called when a leader's write at the last known version was rejected, so that it has to read first. */
  readonly onSlowPath: () => void;
  /** Called before a write that acquires or renews the Lease. */
  readonly onClaim: () => void;
}

/**
 * Tries once to acquire the Lease. Stateless: the caller passes the last observation.
 *
 * Guarantees: writes only over a Lease that has no holder, is held by this process, or is unchanged for its own duration by this
 * host's monotonic clock, and only in the version that was checked; a Lease that was deleted counts as unchanged since it was observed.
 * Starts no write after the signal has aborted.
 * Errors: those of the lock; the signal's reason. A write can have succeeded even so; the next attempt observes it.
 */
export async function acquire(
  candidacy: Candidacy,
  known: Observation | undefined,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { lock, clock } = candidacy;
  const lease = await lock.read(signal);
  if (lease === undefined) {
    // Someone deleted it. Its holder learns that only by its next renewal.
    if (known !== undefined && isHeldByOther(candidacy, known)) return { kind: "notHeld", observation: known };
    return (await create(candidacy, signal)) ?? { kind: "outrun", observation: undefined };
  }
  const isUnchanged = lease.version === known?.lease.version;
  const observation = { lease, sinceMs: isUnchanged ? known.sinceMs : clock.monotonicMs() };
  if (isHeldByOther(candidacy, observation)) return { kind: "notHeld", observation };
  return (await claim(candidacy, lease, signal)) ?? { kind: "outrun", observation };
}

/**
 * Tries once to renew a Lease that this process held when it was last observed: by one write, or, if the Lease has changed, by
 * a read and another write. A leader never acquires a lost Lease again, because another process can have led in between.
 *
 * Errors: as those of `acquire`.
 */
export async function renew(candidacy: Candidacy, known: ObservedLease, signal: AbortSignal): Promise<AttemptOutcome> {
  const { lock, identity, clock } = candidacy;
  const renewed = await claim(candidacy, known, signal);
  if (renewed !== undefined) return renewed;
  candidacy.onSlowPath();
  const lease = await lock.read(signal);
  const observation = lease && { lease, sinceMs: clock.monotonicMs() };
  // The replicas of a group share an identity, so that it can be back after another holder.
  const isSameTerm = lease?.holderIdentity === identity && lease.leaseTransitions === known.leaseTransitions;
  if (!isSameTerm) return { kind: "notHeld", observation };
  return (await claim(candidacy, lease, signal)) ?? { kind: "outrun", observation };
}

/** True when another process holds the Lease and it has not expired. */
function isHeldByOther({ identity, clock, timings }: Candidacy, observation: Observation): boolean {
  const { holderIdentity } = observation.lease;
  if (holderIdentity === "" || holderIdentity === identity) return false;
  return clock.monotonicMs() < expiresAtMs(observation, timings);
}

/** Returns when the Lease can be acquired from its holder if it does not change before, monotonic ms. */
export function expiresAtMs({ lease, sinceMs }: Observation, timings: ElectionTimings): number {
  return sinceMs + (lease.leaseDurationMs ?? timings.leaseDurationMs);
}

/** Releases the Lease if this process still holds it; `known` is its last observed version. Returns true on success. */
export async function releaseLease(
  candidacy: Candidacy,
  known: ObservedLease | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { lock, identity, clock } = candidacy;
  const release = async (lease: ObservedLease): Promise<boolean> => {
    const nowMs = clock.nowMs();
    // The shortest duration, for candidates that check nothing else.
    const write = { holderIdentity: "", leaseDurationMs: 1_000, renewTimeMs: nowMs, acquireTimeMs: nowMs };
    return (await lock.update(write, lease, signal)) !== undefined;
  };
  if (known?.holderIdentity === identity && (await release(known))) return true;
  const found = await lock.read(signal);
  return found?.holderIdentity === identity && (await release(found));
}

async function create(candidacy: Candidacy, signal: AbortSignal): Promise<Held | undefined> {
  const { lock, identity, clock, timings } = candidacy;
  signal.throwIfAborted();
  candidacy.onClaim();
  const sent = momentOf(clock);
  const write: LeaseWrite = {
    holderIdentity: identity,
    leaseDurationMs: timings.leaseDurationMs,
    renewTimeMs: sent.wallMs,
    acquireTimeMs: sent.wallMs,
    leaseTransitions: 0,
  };
  return held(await lock.create(write, signal), sent, clock);
}

/** Renews a Lease that this process holds, or acquires it; undefined when it has changed since it was observed. */
async function claim(candidacy: Candidacy, seen: ObservedLease, signal: AbortSignal): Promise<Held | undefined> {
  const { lock, identity, clock, timings } = candidacy;
  signal.throwIfAborted();
  candidacy.onClaim();
  const sent = momentOf(clock);
  const isAcquisition = seen.holderIdentity !== identity;
  const write: LeaseWrite = {
    holderIdentity: identity,
    leaseDurationMs: timings.leaseDurationMs,
    renewTimeMs: sent.wallMs,
    ...(isAcquisition && { acquireTimeMs: sent.wallMs, leaseTransitions: seen.leaseTransitions + 1 }),
  };
  return held(await lock.update(write, seen, signal), sent, clock);
}

/** Returns the last observed holder of the Lease; empty without one. */
export function holderOf({ observation }: AttemptOutcome): string {
  return observation?.lease.holderIdentity ?? "";
}

type Held = Extract<AttemptOutcome, { readonly kind: "held" }>;

function held(lease: ObservedLease | undefined, sent: Moment, clock: Clock): Held | undefined {
  return lease && { kind: "held", observation: { lease, sinceMs: clock.monotonicMs() }, sent };
}

/** An attempt exceeded its time limit. */
export class AttemptTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no response within ${timeoutMs / 1_000} s`);
    this.name = "AttemptTimeoutError";
  }
}

/**
 * Runs work with a time limit. When the time is over or the outer signal aborts, the work's signal aborts and the result is
 * returned without waiting for the work, whose own result is dropped.
 */
export async function limited<T>(
  limit: { readonly clock: Clock; readonly timeoutMs: number; readonly signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signal: outer } = limit;
  outer?.throwIfAborted();
  const abort = new AbortController();
  const cut = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    abort.abort(reason);
    cut.reject(reason);
  };
  const onOuterAbort = (): void => end(outer?.reason);
  const timer = clock.schedule(timeoutMs, () => end(new AttemptTimeoutError(timeoutMs)));
  outer?.addEventListener("abort", onOuterAbort, { once: true });
  try {
    return await Promise.race([work(abort.signal), cut.promise]);
  } finally {
    timer.cancel();
    outer?.removeEventListener("abort", onOuterAbort);
  }
}
