/** A key that is ready to be taken. */
export interface ReadyKey {
  readonly key: string;
  readonly priority: number;
  /** Monotonic ms at which the key became ready. */
  readonly sinceMs: number;
}

/** Ready keys: highest priority first, FIFO within one priority, no duplicates. */
export class ReadyQueue {
  readonly #entries = new Map<string, ReadyKey>();
  /** One lane per priority; a Set keeps arrival order and removes any key in constant time. */
  readonly #lanes = new Map<number, Set<string>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Number of keys by priority; priorities without keys are absent. */
  depths(): ReadonlyMap<number, number> {
    return new Map([...this.#lanes].map(([priority, lane]) => [priority, lane.size]));
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds the key, or raises its priority if it is queued. */
  put(key: string, priority: number, nowMs: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined && known.priority >= priority) return;
    if (known !== undefined) this.#leaveLane(known);
    this.#entries.set(key, { key, priority, sinceMs: known?.sinceMs ?? nowMs });
    this.#laneOf(priority).add(key);
  }

  /** Takes the next key. */
  take(): ReadyKey | undefined {
    if (this.#entries.size === 0) return undefined;
    const [key] = this.#lanes.get(Math.max(...this.#lanes.keys())) ?? [];
    return key === undefined ? undefined : this.remove(key);
  }

  /** Removes the key; undefined if it is not queued. */
  remove(key: string): ReadyKey | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#leaveLane(entry);
    this.#entries.delete(key);
    return entry;
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
    this.#lanes.clear();
  }

  #laneOf(priority: number): Set<string> {
    const lane = this.#lanes.get(priority) ?? new Set();
    this.#lanes.set(priority, lane);
    return lane;
  }

  #leaveLane(entry: ReadyKey): void {
    const lane = this.#lanes.get(entry.priority);
    lane?.delete(entry.key);
    // Remove empty lanes, so that the maximum over the lanes is the maximum over the keys.
    if (lane?.size === 0) this.#lanes.delete(entry.priority);
  }
}
