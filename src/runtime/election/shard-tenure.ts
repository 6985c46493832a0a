import { LeaderElector } from "./leader-election.ts";
import { type LeaderElectorOptions, LeadershipLostError } from "./leader-election-options.ts";

/** Whether the holder of a shard may write. */
export interface ShardLeadership {
  mayWrite(): boolean;
  /** Errors: NotLeadingError unless `mayWrite`. */
  assertLeading(): void;
}

/** What a replica does with a shard that it holds. A new one for each tenure, so that it starts without memories. */
export interface ShardWork {
  work(): void;
  /** Resolves with false when something that can still write is left running. */
  stop(drainMs: number): Promise<boolean>;
}

/** The dependencies of {@link ShardTenure}. */
export interface ShardTenureOptions {
  readonly shard: number;
  readonly election: LeaderElectorOptions;
  /** The leadership of the group, without which no shard is written. */
  readonly group: ShardLeadership;
  readonly open: (shard: number, leadership: ShardLeadership) => ShardWork;
  /** Called when nothing of the tenure is left. */
  readonly onEnd: () => void;
}

/** One candidacy of this replica for a shard, and what follows from it: the work, and its end. */
export class ShardTenure {
  readonly shard: number;
  readonly #options: ShardTenureOptions;
  readonly #elector: LeaderElector;
  readonly #renewing = new AbortController();
  #work: ShardWork | undefined;
  #ending: Promise<boolean> | undefined;

  constructor(options: ShardTenureOptions) {
    this.#options = options;
    this.shard = options.shard;
    this.#elector = new LeaderElector(options.election);
  }

  /** Campaigns for the Lease of the shard, and works while it holds it. */
  start(): void {
    this.#elector.run(this.#renewing.signal).catch((error: unknown) => {
      if (!(error instanceof LeadershipLostError)) throw error;
      // No drain: a process that lost the Lease must not finish its reconciles.
      void this.end(0);
    });
    void this.#elector.whenLeading().then((isElected) => {
      if (!isElected || this.#ending !== undefined) return;
      this.#work = this.#options.open(this.shard, this.#leadership);
      this.#work.work();
    });
  }

  /** True while the shard's work runs here and is not being ended. */
  get isHeld(): boolean {
    return this.#work !== undefined && this.#ending === undefined;
  }

  /** True while something of its work can still run, also while it ends. */
  get isWorking(): boolean {
    return this.#work !== undefined;
  }

  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  mayWrite(): boolean {
    return this.#options.group.mayWrite() && this.#elector.mayWrite();
  }

  /** As {@link LeaderElector.accessFault}. */
  get accessFault(): string | undefined {
    return this.#elector.accessFault;
  }

  /** As {@link LeaderElector.fault}. */
  get fault(): string | undefined {
    return this.#elector.fault;
  }

  /**
   * Ends the work, then releases the Lease, so that another replica need not wait until it expires. Resolves with false when something that
   * can still write is left running: then the Lease is kept until it expires. Further calls return the first.
   */
  end(drainMs: number): Promise<boolean> {
    this.#ending ??= this.#end(drainMs).finally(this.#options.onEnd);
    return this.#ending;
  }

  get #leadership(): ShardLeadership {
    return {
      mayWrite: () => this.mayWrite(),
      assertLeading: () => {
        this.#options.group.assertLeading();
        this.#elector.assertLeading();
      },
    };
  }

  async #end(drainMs: number): Promise<boolean> {
    const drained = (await this.#work?.stop(drainMs)) ?? true;
    if (drained) this.#work = undefined;
    if (drained) await this.#elector.release();
    this.#renewing.abort();
    return drained;
  }
}
