/** A map with at most `capacity` entries that evicts the least recently used one. */
export class LruMap<Value> {
  readonly #capacity: number;
  readonly #onEvict: (value: Value) => void;
  /** A Map keeps the order of insertion, so a used entry is inserted again at the end. */
  readonly #entries = new Map<string, Value>();

  /** `onEvict` receives each evicted value. */
  constructor(capacity: number, onEvict: (value: Value) => void = () => {}) {
    this.#capacity = capacity;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.entries().next().value;
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#onEvict(oldest[1]);
  }
}
