import type { Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import { LeaderElector } from "./leader-election.ts";
import type { LeaseLock } from "./leader-election-lock.ts";
import {
  type ElectionObserver,
  type ElectionTimings,
  LeadershipLostError,
  NotLeadingError,
} from "./leader-election-options.ts";
import { shardsToAcquire, shardToGiveUp } from "./shard-assignment.ts";
import { ShardGroup, ShardLeaseFault } from "./shard-group.ts";
import { type ShardLeadership, ShardTenure, type ShardWork } from "./shard-tenure.ts";

/** The dependencies of {@link ShardElections}. */
export interface ShardElectionsOptions {
  readonly shards: number;
  /** The Lease of the group. */
  readonly groupLease: LeaseLock;
  /** See ShardGroup. */
  readonly groupIdentity: string;
  readonly lockOf: (shard: number) => LeaseLock;
  /** The holder identity of this replica: `hostname_uuid_…`. */
  readonly identity: string;
  /** See ShardGroup. */
  readonly annotationPrefix: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly timings: ElectionTimings;
  readonly observerOf: (shard: number) => ElectionObserver;
  readonly conflictWith?: (holder: string) => string | undefined;
  readonly open: (shard: number, leadership: ShardLeadership) => ShardWork;
  /** How long the running reconciles of a shard that is given up can take. */
  readonly drainMs: number;
}

/** A replica reports every retry period. After so many without a report, others campaign for its shards. */
const STALE_PERIODS = 2.5;

/**
 * The part of one replica in the election of all shards: it joins the group, campaigns for its share of the shards, and gives one up when
 * another replica has at least two fewer.
 *
 * Guarantees: those of LeaderElector for each shard, and for the group as a whole: no two processes write for one shard, and none
 * writes while a process outside of the group can. A lost shard ends its work, not the process.
 */
export class ShardElections implements ShardLeadership {
  readonly #options: ShardElectionsOptions;
  readonly #group: ShardGroup;
  /** The id of this replica in the group. */
  readonly #id: string;
  readonly #tenures = new Map<number, ShardTenure>();
  readonly #abort = new AbortController();
  readonly #renewing = new AbortController();
  readonly #leaseFault = new ShardLeaseFault();
  #tenureCount = 0;
  #elector: LeaderElector;
  #running: Promise<void> | undefined;
  /** The available replicas, and since when there are no others. */
  #available = { ids: "", sinceMs: Number.POSITIVE_INFINITY };

  constructor(options: ShardElectionsOptions) {
    this.#options = options;
    const { groupLease, groupIdentity, identity, annotationPrefix, clock, timings } = options;
    const [pod = "", id = identity] = identity.split("_");
    this.#id = id;
    this.#group = new ShardGroup({
      lease: groupLease,
      identity: groupIdentity,
      id,
      pod,
      annotationPrefix,
      monotonicMs: () => clock.monotonicMs(),
      staleMs: STALE_PERIODS * timings.retryPeriodMs,
      goneMs: 2 * timings.leaseDurationMs,
    });
    this.#elector = this.#newElector();
  }

  /** Joins the group. Further calls do nothing. */
  start(): void {
    for (let shard = 0; shard < this.#options.shards; shard += 1) this.#options.observerOf(shard).leading?.(false);
    this.#running ??= this.#run(this.#abort.signal);
  }

  /** The shards that this replica holds, in order. */
  get held(): readonly number[] {
    const held = [...this.#tenures.values()].filter(({ isHeld }) => isHeld);
    return held.map(({ shard }) => shard).sort((a, b) => a - b);
  }

  /** True while this replica is in the group and no process outside of the group can write. */
  mayWrite(): boolean {
    return this.#elector.mayWrite();
  }

  assertLeading(): void {
    if (!this.mayWrite()) throw new NotLeadingError(this.#group.name);
  }

  /** True while this replica may write for every shard whose work runs here, also if it gives the shard up. */
  mayWriteAll(): boolean {
    return [...this.#tenures.values()].every((tenure) => !tenure.isWorking || tenure.mayWrite());
  }

  /** As {@link LeaderElector.accessFault}, of the first Lease that has one, or had one for which others got the share of this replica. */
  get accessFault(): string | undefined {
    return this.#first(({ accessFault }) => accessFault) ?? this.#leaseFault.text;
  }

  /** As {@link LeaderElector.conflict}. */
  get conflict(): string | undefined {
    return this.#elector.conflict;
  }

  /** As {@link LeaderElector.fault}, of the first election that has one. */
  get fault(): string | undefined {
    return this.#first(({ fault }) => fault);
  }

  /** Ends the work of all shards, releases their Leases, and leaves the group. Resolves with false when something is left running. */
  async stop(drainMs: number): Promise<boolean> {
    this.#report(true);
    this.#abort.abort(new Error("The replica is shutting down"));
    const drained = await this.#endAll(drainMs);
    await this.#running;
    // While something can still write, the group keeps its Lease until it expires.
    if (drained) await this.#elector.release();
    this.#renewing.abort();
    return drained;
  }

  #first(faultOf: (part: LeaderElector | ShardTenure) => string | undefined): string | undefined {
    for (const part of [this.#elector, ...this.#tenures.values()]) {
      const fault = faultOf(part);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Joins the group again whenever this replica has lost its Lease. */
  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const membership = new AbortController();
      // Not the signal of `stop`: the Lease is renewed until every shard has ended.
      const led = this.#elector.run(this.#renewing.signal).catch((error: unknown) => {
        if (!(error instanceof LeadershipLostError)) throw error;
      });
      void led.finally(() => membership.abort(new Error("The replica has left the group")));
      await this.#balance(AbortSignal.any([signal, membership.signal]));
      if (signal.aborted) return;
      await this.#endAll(0);
      this.#elector = this.#newElector();
    }
  }

  /** Decides every retry period which shards to campaign for and which to give up, until the signal aborts. */
  async #balance(signal: AbortSignal): Promise<void> {
    const { clock, timings } = this.#options;
    try {
      await Promise.race([this.#elector.whenLeading(), aborted(signal)]);
      // So that replicas that start together know of each other.
      await clock.sleep(STALE_PERIODS * timings.retryPeriodMs, signal);
      for (;;) {
        this.#decide();
        await clock.sleep(timings.retryPeriodMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #decide(): void {
    const { shards, drainMs, logger } = this.#options;
    this.#report();
    // Without a recent renewal this replica knows too little about the others.
    if (!this.mayWrite()) return;
    const { replicas } = this.#group;
    const view = { shards, self: this.#id, replicas };
    const wanted = new Set(shardsToAcquire(view));
    for (const tenure of this.#tenures.values())
      if (!tenure.isHeld && !tenure.isEnding && !wanted.has(tenure.shard)) void tenure.end(0);
    for (const shard of wanted) if (!this.#tenures.has(shard)) this.#campaign(shard);
    const isEnding = [...this.#tenures.values()].some((tenure) => tenure.isEnding);
    const shard = isEnding || !this.#isStable() ? undefined : shardToGiveUp(view);
    if (shard === undefined) return;
    logger.info("giving up a shard, because another replica has fewer", { shard });
    void this.#tenures.get(shard)?.end(drainMs);
    this.#report();
  }

  #report(isLeaving: boolean = this.#abort.signal.aborted): void {
    const shards = this.held;
    const fault = [...this.#tenures.values()].map(({ accessFault }) => accessFault).find((text) => text !== undefined);
    this.#leaseFault.observe({ fault, held: shards }, this.#options.clock.monotonicMs());
    this.#group.report({ shards, isLeaving, hasLeaseFault: this.#leaseFault.text !== undefined });
  }

  /** True when no replica has come or gone for a lease duration. */
  #isStable(): boolean {
    const { clock, timings } = this.#options;
    const nowMs = clock.monotonicMs();
    const ids = this.#group.replicas
      .filter(({ isAvailable }) => isAvailable)
      .map(({ id }) => id)
      .sort()
      .join();
    if (ids !== this.#available.ids) this.#available = { ids, sinceMs: nowMs };
    return nowMs - this.#available.sinceMs >= timings.leaseDurationMs;
  }

  #campaign(shard: number): void {
    const { lockOf, observerOf, open, ...shared } = this.#options;
    this.#tenureCount += 1;
    // Of its own for each tenure: what the one before has left running must not write beside this one, so its Lease has to expire.
    const identity = `${shared.identity}_${this.#tenureCount}`;
    const tenure = new ShardTenure({
      shard,
      election: { ...shared, identity, lock: lockOf(shard), observer: observerOf(shard) },
      group: this,
      open,
      onEnd: () => void this.#tenures.delete(shard),
    });
    this.#tenures.set(shard, tenure);
    tenure.start();
  }

  async #endAll(drainMs: number): Promise<boolean> {
    const drained = await Promise.all([...this.#tenures.values()].map((tenure) => tenure.end(drainMs)));
    return drained.every(Boolean);
  }

  #newElector(): LeaderElector {
    const { groupIdentity: identity, observerOf: _, conflictWith, ...shared } = this.#options;
    return new LeaderElector({ ...shared, lock: this.#group, identity, ...(conflictWith && { conflictWith }) });
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
