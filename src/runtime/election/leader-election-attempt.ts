import type { Clock } from "../clock.ts";
import type { LeaseLock, LeaseWrite, SeenLease } from "./leader-election-lock.ts";
import { type Moment, momentOf } from "./leader-election-tenure.ts";
import type { ElectionTimings } from "./leader-election-timings.ts";

/** A version of the lease, and since when it is known here, monotonic ms. */
export interface Observation {
  readonly lease: SeenLease;
  readonly sinceMs: number;
}

/**
 * How an attempt ended, with the newest lease seen (undefined: there is none):
 * - `held`: the lease is ours; `sent` is when the request that made it so was sent.
 * - `notOurs`: somebody else has it and it has not expired; or, for a leader, it is anything but ours.
 * - `outrun`: somebody wrote it while we tried.
 */
export type AttemptOutcome =
  | { readonly kind: "held"; readonly observation: Observation; readonly sent: Moment }
  | { readonly kind: "notOurs" | "outrun"; readonly observation: Observation | undefined };

/** Who tries, and by what rules. */
export interface Candidacy {
  readonly lock: LeaseLock;
  readonly identity: string;
  readonly clock: Clock;
  readonly timings: ElectionTimings;
  /** A leader's write at the last known version was refused, so that it has to read first. */
  readonly onSlowPath: () => void;
  /** Before a write that makes the lease ours, if it gets through. */
  readonly onClaim: () => void;
}

/**
 * Tries once to get the lease. Keeps nothing: the caller hands the last observation back in.
 *
 * Guarantees: writes only over a lease that is free, ours, or unchanged for its own duration by this host's monotonic
 * clock, and only in the version that was judged. Starts no write after the signal has aborted.
 * Errors: those of the lock, the signal's reason. A write may have taken effect even so; the next attempt finds out.
 */
export async function acquire(
  candidacy: Candidacy,
  known: Observation | undefined,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { lock, identity, clock, timings } = candidacy;
  const lease = await lock.read(signal);
  if (lease === undefined) return (await create(candidacy, signal)) ?? { kind: "outrun", observation: undefined };
  const isUnchanged = lease.version === known?.lease.version;
  const observation = { lease, sinceMs: isUnchanged ? known.sinceMs : clock.monotonicMs() };
  const isFree = lease.holderIdentity === "" || lease.holderIdentity === identity;
  const isExpired = clock.monotonicMs() >= expiresAtMs(observation, timings);
  if (!isFree && !isExpired) return { kind: "notOurs", observation };
  return (await claim(candidacy, lease, signal)) ?? { kind: "outrun", observation };
}

/**
 * Tries once to keep a lease that was ours when it was seen last: by one write, or, where the lease has changed, by a look
 * at it and another write. A leader takes nothing back that is not its own: others may have led meanwhile.
 *
 * Errors: as those of `acquire`.
 */
export async function renew(candidacy: Candidacy, known: SeenLease, signal: AbortSignal): Promise<AttemptOutcome> {
  const { lock, identity, clock } = candidacy;
  const renewed = await claim(candidacy, known, signal);
  if (renewed !== undefined) return renewed;
  candidacy.onSlowPath();
  const lease = await lock.read(signal);
  const observation = lease && { lease, sinceMs: clock.monotonicMs() };
  if (lease?.holderIdentity !== identity) return { kind: "notOurs", observation };
  return (await claim(candidacy, lease, signal)) ?? { kind: "outrun", observation };
}

/** When the lease may be taken from its holder if it does not change before, monotonic ms. */
export function expiresAtMs({ lease, sinceMs }: Observation, timings: ElectionTimings): number {
  return sinceMs + (lease.leaseDurationMs ?? timings.leaseDurationMs);
}

/** Frees the lease if it is still ours; `known` is what we last knew of it. Resolves with true when we freed it. */
export async function giveUp(
  candidacy: Candidacy,
  known: SeenLease | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { lock, identity, clock } = candidacy;
  const free = async (lease: SeenLease): Promise<boolean> => {
    const nowMs = clock.nowMs();
    // The shortest duration there is, for candidates that look at nothing else.
    const write = { holderIdentity: "", leaseDurationMs: 1_000, renewTimeMs: nowMs, acquireTimeMs: nowMs };
    return (await lock.update(write, lease, signal)) !== undefined;
  };
  if (known?.holderIdentity === identity && (await free(known))) return true;
  const found = await lock.read(signal);
  return found?.holderIdentity === identity && (await free(found));
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

/** Renews what is ours and takes over what is not; undefined when the lease has changed since it was seen. */
async function claim(candidacy: Candidacy, seen: SeenLease, signal: AbortSignal): Promise<Held | undefined> {
  const { lock, identity, clock, timings } = candidacy;
  signal.throwIfAborted();
  candidacy.onClaim();
  const sent = momentOf(clock);
  const isTakeOver = seen.holderIdentity !== identity;
  const write: LeaseWrite = {
    holderIdentity: identity,
    leaseDurationMs: timings.leaseDurationMs,
    renewTimeMs: sent.wallMs,
    ...(isTakeOver && { acquireTimeMs: sent.wallMs, leaseTransitions: seen.leaseTransitions + 1 }),
  };
  return held(await lock.update(write, seen, signal), sent, clock);
}

/** Who holds the lease by what was seen last; empty when nobody does. */
export function holderOf({ observation }: AttemptOutcome): string {
  return observation?.lease.holderIdentity ?? "";
}

type Held = Extract<AttemptOutcome, { readonly kind: "held" }>;

function held(lease: SeenLease | undefined, sent: Moment, clock: Clock): Held | undefined {
  return lease && { kind: "held", observation: { lease, sinceMs: clock.monotonicMs() }, sent };
}
