import type { LeaseLock, LeaseWrite, ObservedLease } from "./leader-election-lock.ts";
import type { ShardReplica } from "./shard-assignment.ts";

/** The dependencies of {@link ShardGroup}. */
export interface ShardGroupOptions {
  readonly lease: LeaseLock;
  /** The holder identity that all replicas of the group share: it contains everything on which they must agree. */
  readonly identity: string;
  /** The id of this replica; part of an annotation key. */
  readonly id: string;
  /** What the value of the annotation calls this replica, for people. */
  readonly pod: string;
  /** The start of the key of each replica's annotation. */
  readonly annotationPrefix: string;
  readonly monotonicMs: () => number;
  /** After this time without a report a replica gets no shards. */
  readonly staleMs: number;
  /** After this time without a report, the entry of a replica is removed. Longer than the lease duration. */
  readonly goneMs: number;
}

/** Another replica often writes between a read and the write that follows it. */
const MAX_ATTEMPTS = 3;

/** What a replica reports of itself. */
interface Report {
  readonly shards: readonly number[];
  readonly isLeaving: boolean;
  readonly hasLeaseFault: boolean;
}

/** The last report of another replica. */
interface Entry extends Report {
  readonly text: string;
  /** Since when this process has seen it unchanged. */
  readonly sinceMs: number;
}

/**
 * The Lease that the replicas of a group hold together, for a LeaderElector that has the identity of the group. Each replica renews it
 * by itself, so each has its own proof that no process outside of the group writes: neither a single leader, nor a replica with another number
 * of shards. An annotation for each replica reports which shards it holds; these reports only balance the shards and prove nothing.
 *
 * Guarantees: a Lease that is held by the group is released only in a version that has no annotation of another replica. It is not
 * renewed by a replica that has missed another holder, although the group has it again: what that replica remembers is obsolete.
 */
export class ShardGroup implements LeaseLock {
  readonly name: string;
  readonly #options: ShardGroupOptions;
  readonly #others = new Map<string, Entry>();
  #own: Report = { shards: [], isLeaving: false, hasLeaseFault: false };
  #reports = 0;

  constructor(options: ShardGroupOptions) {
    this.#options = options;
    this.name = options.lease.name;
  }

  /** Sets what the next renewal reports. */
  report(own: Report): void {
    this.#own = own;
  }

  /** All replicas of the group, with this one. */
  get replicas(): readonly ShardReplica[] {
    const nowMs = this.#options.monotonicMs();
    const others = [...this.#others].map(([id, { shards, isLeaving, hasLeaseFault, sinceMs }]) => {
      return { id, shards, hasLeaseFault, isAvailable: !isLeaving && nowMs - sinceMs < this.#options.staleMs };
    });
    const { shards, isLeaving, hasLeaseFault } = this.#own;
    return [...others, { id: this.#options.id, shards, hasLeaseFault, isAvailable: !isLeaving }];
  }

  async read(signal: AbortSignal): Promise<ObservedLease | undefined> {
    return this.#observed(await this.#options.lease.read(signal));
  }

  async create(write: LeaseWrite, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const annotations = { [this.#keyOf(this.#options.id)]: this.#text() };
    return this.#observed(await this.#options.lease.create({ ...write, annotations }, signal));
  }

  /** As {@link LeaseLock.update}; a renewal is over the latest version, which another replica of the group has usually written. */
  async update(write: LeaseWrite, previous: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const { identity } = this.#options;
    if (previous.holderIdentity !== identity) return this.#acquire(write, previous, signal);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const current = await this.read(signal);
      if (current?.holderIdentity !== identity || current.leaseTransitions !== previous.leaseTransitions)
        return undefined;
      if (write.holderIdentity !== identity) return this.#leave(write, current, signal);
      const renewed = await this.#renew(write, current, signal);
      if (renewed !== undefined) return renewed;
    }
    return undefined;
  }

  /** The entries are those of a former group, whose replicas are no longer valid. */
  async #acquire(write: LeaseWrite, previous: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const annotations = { ...without(this.#entriesIn(previous)), [this.#keyOf(this.#options.id)]: this.#text() };
    return this.#observed(await this.#options.lease.update({ ...write, annotations }, previous, signal));
  }

  async #renew(write: LeaseWrite, current: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const { monotonicMs, goneMs, lease } = this.#options;
    const nowMs = monotonicMs();
    const gone = [...this.#others]
      .filter(([, { sinceMs }]) => nowMs - sinceMs >= goneMs)
      .map(([id]) => this.#keyOf(id));
    const annotations = { ...without(gone), [this.#keyOf(this.#options.id)]: this.#text() };
    return this.#observed(await lease.update({ ...write, annotations }, current, signal));
  }

  /** Releases the Lease for the last replica. For others it only removes their entry, and returns undefined. */
  async #leave(write: LeaseWrite, current: ObservedLease, signal: AbortSignal): Promise<ObservedLease | undefined> {
    const { lease, identity } = this.#options;
    const own = this.#keyOf(this.#options.id);
    const entries = this.#entriesIn(current);
    const annotations = { [own]: null };
    if (entries.every((key) => key === own)) return lease.update({ ...write, annotations }, current, signal);
    const leaseDurationMs = current.leaseDurationMs ?? write.leaseDurationMs;
    if (!entries.includes(own)) return undefined;
    const { renewTimeMs } = write;
    await lease.update({ holderIdentity: identity, leaseDurationMs, renewTimeMs, annotations }, current, signal);
    return undefined;
  }

  #observed(lease: ObservedLease | undefined): ObservedLease | undefined {
    if (lease === undefined) return undefined;
    const nowMs = this.#options.monotonicMs();
    const isOfGroup = lease.holderIdentity === this.#options.identity;
    const entries = isOfGroup ? this.#entriesIn(lease) : [];
    const found = new Map(entries.map((key) => [this.#idOf(key), lease.annotations?.[key] ?? ""]));
    found.delete(this.#options.id);
    for (const id of this.#others.keys()) if (!found.has(id)) this.#others.delete(id);
    for (const [id, text] of found)
      if (this.#others.get(id)?.text !== text) this.#others.set(id, { ...reportIn(text), text, sinceMs: nowMs });
    return lease;
  }

  #entriesIn({ annotations = {} }: ObservedLease): readonly string[] {
    return Object.keys(annotations).filter((key) => key.startsWith(this.#options.annotationPrefix));
  }

  #keyOf(id: string): string {
    return `${this.#options.annotationPrefix}${id}`;
  }

  #idOf(key: string): string {
    return key.slice(this.#options.annotationPrefix.length);
  }

  /** Differs with each report, so that others see that this replica is alive. */
  #text(): string {
    this.#reports += 1;
    return JSON.stringify({ pod: this.#options.pod, ...this.#own, report: this.#reports });
  }
}

function without(keys: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(keys.map((key) => [key, null]));
}

/** A report that cannot be parsed, because another client has written it, is that of a replica that gets no shards. */
function reportIn(text: string): Report {
  try {
    const { shards, isLeaving, hasLeaseFault } = JSON.parse(text) as Readonly<Partial<Record<keyof Report, unknown>>>;
    if (Array.isArray(shards) && shards.every(Number.isSafeInteger))
      return { shards, isLeaving: isLeaving === true, hasLeaseFault: hasLeaseFault === true };
  } catch {
    // Falls through.
  }
  return { shards: [], isLeaving: true, hasLeaseFault: false };
}

/** How long a replica that does not reach the Leases of shards gets none, unless it acquires one before. */
const MEMORY_MS = 3_600_000;

/** What one replica sees of its own campaigns. */
interface OwnCampaigns {
  /** Why the Lease of a shard cannot be read or written; undefined while there is no fault. */
  readonly fault: string | undefined;
  readonly held: readonly number[];
}

/**
 * Remembers that this replica does not reach the Leases of shards, although it reaches that of the group. Others get its share of the
 * shards, after which it does not campaign and sees no fault any more.
 */
export class ShardLeaseFault {
  #text: string | undefined;
  #untilMs = 0;
  #held: ReadonlySet<number> = new Set();

  /** Takes in what the replica sees now. A shard that it acquires ends the fault. */
  observe({ fault, held }: OwnCampaigns, nowMs: number): void {
    const hasAcquired = held.some((shard) => !this.#held.has(shard));
    this.#held = new Set(held);
    if (fault !== undefined) {
      this.#text = fault;
      this.#untilMs = nowMs + MEMORY_MS;
    } else if (hasAcquired || nowMs >= this.#untilMs) this.#text = undefined;
  }

  /** The fault; undefined when there is none. */
  get text(): string | undefined {
    return this.#text;
  }
}
