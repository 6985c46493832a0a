import { groupIdentity, shardOfAccount } from "../../src/controller/shards/sharded-controller.ts";
import { LeaderElector } from "../../src/runtime/election/leader-election.ts";
import type { LeaseLock, LeaseWrite, ObservedLease } from "../../src/runtime/election/leader-election-lock.ts";
import { DEFAULT_ELECTION_TIMINGS, type ElectionTimings } from "../../src/runtime/election/leader-election-options.ts";
import { ShardElections } from "../../src/runtime/election/shard-elections.ts";
import type { ShardLeadership } from "../../src/runtime/election/shard-tenure.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { FakeClock } from "./fake-clock.ts";
import { MachineClock } from "./machine-clock.ts";

const OWN_ACCOUNT_ID = "123456789012";
export const GROUP_LEASE = "controller";
const shardLease = (shard: number): string => `${GROUP_LEASE}-shard-${shard}`;

/** What becomes of a request. Times are the world's. */
export interface ShardFate {
  /** `lost`: it is carried out, an error comes; `refused`: an error comes instead; `hung`: nothing comes. */
  readonly kind: "answered" | "refused" | "lost" | "hung";
  readonly requestMs?: number;
  readonly replyMs?: number;
}

interface StoredLease extends Omit<LeaseWrite, "annotations"> {
  readonly version: number;
  readonly annotations: Readonly<Record<string, string>>;
}

interface ReplicaOptions {
  /** 1: leader election as without shards. */
  readonly shards: number;
  readonly clockRate?: number;
  readonly wallSkewMs?: number;
  readonly random?: () => number;
  /** How long its work takes to end, unless it is cut off. */
  readonly drainMs?: number;
  readonly ownAccountId?: string;
  readonly timings?: ElectionTimings;
}

/** Replicas that share accounts by shards, each with its own clock and its own way to the Leases, in virtual time. */
export class ShardWorld {
  readonly clock: FakeClock = new FakeClock();
  readonly leases = new Map<string, StoredLease>();
  readonly replicas: ShardedReplica[] = [];
  readonly accounts: readonly string[];
  judge: (call: { readonly replica: string; readonly lease: string }) => ShardFate = () => ({ kind: "answered" });
  calls = 0;
  /** Accounts that two processes could write at the same time, and who. */
  readonly conflicts: string[] = [];

  #sampled: { readonly counts: number; readonly accounts: readonly string[] } = { counts: 0, accounts: [] };

  constructor(accounts: number) {
    this.accounts = Array.from({ length: accounts }, (_, i) => String(200_000_000_000 + i * 7_919));
  }

  start(name: string, options: ReplicaOptions): ShardedReplica {
    const replica = new ShardedReplica(this, name, options);
    this.replicas.push(replica);
    replica.start();
    return replica;
  }

  /** The replicas that may write for the account now, by their own judgement. */
  writersOf(account: string): readonly string[] {
    return this.replicas.filter((replica) => replica.mayWrite(account)).map(({ name }) => name);
  }

  /** Records what must never be. Two accounts of one shard have the same writers. */
  look(): void {
    const writing = this.replicas.filter((replica) => replica.mayWriteAny());
    if (writing.length < 2) return;
    for (const account of this.#samples()) {
      const writers = writing.filter((replica) => replica.mayWrite(account)).map(({ name }) => name);
      if (writers.length > 1) this.conflicts.push(`${account} at ${this.clock.monotonicMs()}: ${writers.join()}`);
    }
  }

  /** How many accounts have exactly one writer, and which replica has how many. */
  shares(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const account of this.accounts)
      for (const writer of this.writersOf(account)) counts[writer] = (counts[writer] ?? 0) + 1;
    return counts;
  }

  lockOf(replica: Pick<ShardedReplica, "name" | "clock">, lease: string): LeaseLock {
    const send = <T>(signal: AbortSignal, carryOut: () => T): Promise<T> =>
      this.#send(replica, lease, signal, carryOut);
    return {
      name: lease,
      read: (signal) => send(signal, () => this.#seen(lease)),
      create: (write, signal) => send(signal, () => this.#store(lease, write, undefined)),
      update: (write, previous, signal) => send(signal, () => this.#store(lease, write, previous)),
    };
  }

  /** One account of each combination of shards. */
  #samples(): readonly string[] {
    const counts = [...new Set(this.replicas.map(({ shards }) => shards))];
    if (counts.length === this.#sampled.counts) return this.#sampled.accounts;
    const placeOf = (account: string): string =>
      counts.map((shards) => shardOfAccount(account, { shards, ownAccountId: OWN_ACCOUNT_ID })).join();
    const byPlace = new Map(this.accounts.map((account) => [placeOf(account), account]));
    this.#sampled = { counts: counts.length, accounts: [...byPlace.values()] };
    return this.#sampled.accounts;
  }

  #store(lease: string, write: LeaseWrite, previous: ObservedLease | undefined): ObservedLease | undefined {
    const known = this.leases.get(lease);
    if (this.#seen(lease)?.version !== previous?.version) return undefined;
    const annotations = { ...known?.annotations, ...write.annotations };
    const kept = Object.entries(annotations).filter((one): one is [string, string] => one[1] !== null);
    const version = (known?.version ?? 0) + 1;
    this.leases.set(lease, { ...known, ...write, annotations: Object.fromEntries(kept), version });
    return this.#seen(lease);
  }

  #seen(lease: string): ObservedLease | undefined {
    const known = this.leases.get(lease);
    if (known === undefined) return undefined;
    const { holderIdentity, leaseDurationMs, leaseTransitions = 0, annotations, version } = known;
    return { holderIdentity, leaseDurationMs, leaseTransitions, annotations, version: String(version) };
  }

  #send<T>(
    replica: Pick<ShardedReplica, "name" | "clock">,
    lease: string,
    signal: AbortSignal,
    carryOut: () => T,
  ): Promise<T> {
    this.calls += 1;
    const { kind, requestMs = 2, replyMs = 2 } = this.judge({ replica: replica.name, lease });
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const reply = (deliver: () => void): void =>
        void this.clock.schedule(replyMs, () => replica.clock.whenAwake(deliver));
      this.clock.schedule(requestMs, () => {
        if (kind === "refused") return reply(() => reject(new Error("503")));
        const answer = carryOut();
        if (kind === "lost") reply(() => reject(new Error("ECONNRESET")));
        if (kind === "answered") reply(() => resolve(answer));
      });
    });
  }
}

/** One process. */
export class ShardedReplica {
  readonly name: string;
  readonly shards: number;
  readonly clock: MachineClock;
  readonly elections: ShardElections | undefined;
  readonly elector: LeaderElector | undefined;
  readonly #options: ReplicaOptions;
  readonly #shardOf = new Map<string, number>();
  /** By shard, the leaderships of its tenures, as its work uses them: also of those that have ended. */
  readonly #leaderships = new Map<number, readonly ShardLeadership[]>();

  constructor(world: ShardWorld, name: string, options: ReplicaOptions) {
    this.#options = options;
    this.name = name;
    this.shards = options.shards;
    const { clockRate: rate, wallSkewMs, random = () => 0 } = options;
    this.clock = new MachineClock(world.clock, { rate, wallSkewMs, afterEach: () => world.look() });
    const { timings = DEFAULT_ELECTION_TIMINGS } = options;
    const common = { clock: this.clock, random, logger: silentLogger, identity: `pod_${name}_all`, timings };
    if (options.shards === 1) {
      this.elector = new LeaderElector({ ...common, lock: world.lockOf(this, GROUP_LEASE) });
      return;
    }
    this.elections = new ShardElections({
      ...common,
      shards: options.shards,
      groupLease: world.lockOf(this, GROUP_LEASE),
      groupIdentity: groupIdentity(this.#sharding, "all", timings.leaseDurationMs),
      lockOf: (shard) => world.lockOf(this, shardLease(shard)),
      annotationPrefix: "replica-",
      observerOf: () => ({}),
      drainMs: 30_000,
      open: (shard, leadership) => {
        this.#leaderships.set(shard, [...(this.#leaderships.get(shard) ?? []), leadership]);
        return { work: () => {}, stop: (drainMs) => this.#drain(drainMs) };
      },
    });
  }

  start(): void {
    this.elections?.start();
    this.elector?.run(new AbortController().signal).catch(() => this.kill());
  }

  mayWrite(account: string): boolean {
    if (this.elector !== undefined) return this.elector.mayWrite();
    const own = this.#shardOf.get(account) ?? shardOfAccount(account, this.#sharding);
    this.#shardOf.set(account, own);
    return this.#leaderships.get(own)?.some((leadership) => leadership.mayWrite()) ?? false;
  }

  /** How many tenures it has had. */
  get tenures(): number {
    return [...this.#leaderships.values()].flat().length;
  }

  mayWriteAny(): boolean {
    if (this.elector !== undefined) return this.elector.mayWrite();
    for (const leaderships of this.#leaderships.values())
      if (leaderships.some((leadership) => leadership.mayWrite())) return true;
    return false;
  }

  /** What SIGTERM does. */
  async stop(): Promise<void> {
    await this.elections?.stop(30_000);
    await this.elector?.release();
  }

  /** Nothing of it ever runs again, as after SIGKILL. */
  kill(): void {
    this.clock.block(Number.POSITIVE_INFINITY);
  }

  get #sharding() {
    const { shards, ownAccountId = OWN_ACCOUNT_ID } = this.#options;
    return { shards, ownAccountId };
  }

  async #drain(drainMs: number): Promise<boolean> {
    const { drainMs: neededMs = 0 } = this.#options;
    await this.clock.sleep(Math.min(drainMs, neededMs));
    return neededMs <= drainMs;
  }
}
