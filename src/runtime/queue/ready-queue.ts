/** A key whose turn may come now. */
export interface ReadyKey {
  readonly key: string;
  readonly priority: number;
  /** Monotonic ms at which the key became ready. */
  readonly sinceMs: number;
}

/** Keys that may be worked on now: highest priority first, first come first served within one priority, no key twice. */
export class ReadyQueue {
  readonly #entries = new Map<string, ReadyKey>();
  /** One lane per priority; a Set keeps the order of arrival and gives up any key in constant time. */
  readonly #lanes = new Map<number, Set<string>>();

  get size(): number {
    return this.#entries.size;
  }

  /** How many keys wait, by priority; priorities without keys are absent. */
  depths(): ReadonlyMap<number, number> {
    return new Map([...this.#lanes].map(([priority, lane]) => [priority, lane.size]));
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Queues the key, or raises its priority when it is queued already. */
  put(key: string, priority: number, nowMs: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined && known.priority >= priority) return;
    if (known !== undefined) this.#leaveLane(known);
    this.#entries.set(key, { key, priority, sinceMs: known?.sinceMs ?? nowMs });
    this.#laneOf(priority).add(key);
  }

  /** Takes the key whose turn it is. */
  take(): ReadyKey | undefined {
    if (this.#entries.size === 0) return undefined;
    const [key] = this.#lanes.get(Math.max(...this.#lanes.keys())) ?? [];
    return key === undefined ? undefined : this.remove(key);
  }

  /** Takes the key, whose turn it need not be; undefined when it does not wait. */
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
    // Empty lanes go, so that the maximum over the lanes is the maximum over the keys.
    if (lane?.size === 0) this.#lanes.delete(entry.priority);
  }
}
