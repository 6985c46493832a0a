/** How long a replica that does not reach the Leases of shards gets none, unless it acquires one before. */
const MEMORY_MS = 3_600_000;

/** What one replica sees of its own campaigns. */
export interface OwnCampaigns {
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
