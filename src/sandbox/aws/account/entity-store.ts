/** One state of an entity, and from when on readers see it. `value` is absent when that state is "deleted". */
interface Version<T> {
  readonly visibleAtMs: number;
  readonly value: T | undefined;
}

/** What a store must know of the world around it. */
export interface Propagation {
  now(): number;
  /** How long the write that is being made takes to be seen; drawn anew for each write. */
  delayMs(): number;
  /** Whether writes look at the delayed state as reads do. */
  staleWrites(): boolean;
  /** How far back `seenBehind` will be asked for: so long the past is kept. */
  hindsightMs(): number;
}

/**
 * Entities by name, without regard to case, with their recent past, so that readers can be shown the past. Values are
 * immutable; a change is a `put` of a new value. An entity never goes back: a later write is seen no earlier than the one
 * before it.
 */
export class EntityStore<T> {
  readonly #propagation: Propagation;
  readonly #entities = new Map<string, Version<T>[]>();

  constructor(propagation: Propagation) {
    this.#propagation = propagation;
  }

  /** The truth. */
  latest(name: string): T | undefined {
    return this.#entities.get(name.toLowerCase())?.at(-1)?.value;
  }

  /** What a reader is shown. */
  visible(name: string): T | undefined {
    return this.#seen(this.#entities.get(name.toLowerCase()) ?? []);
  }

  /** What someone is shown who hears of everything later than readers do. */
  seenBehind(name: string, lagMs: number): T | undefined {
    const versions = this.#entities.get(name.toLowerCase()) ?? [];
    return versions[this.#seenIndex(versions, lagMs)]?.value;
  }

  /** The truth, if a write may know of it yet: with stale writes, only when readers see the entity too. */
  writable(name: string): T | undefined {
    const unseen = this.#propagation.staleWrites() && this.visible(name) === undefined;
    return unseen ? undefined : this.latest(name);
  }

  /** Every state that someone may still see: the truth and, with stale writes, what readers are shown. */
  effective(name: string): T[] {
    const candidates = this.#propagation.staleWrites() ? [this.latest(name), this.visible(name)] : [this.latest(name)];
    return candidates.filter((value): value is T & {} => value !== undefined && value !== null);
  }

  /** The same for all entities. */
  allEffective(): T[] {
    return [...this.#entities.keys()].flatMap((name) => this.effective(name));
  }

  put(name: string, value: T): void {
    this.#append(name, value);
  }

  remove(name: string): void {
    this.#append(name, undefined);
  }

  allLatest(): T[] {
    return this.#all((versions) => versions.at(-1)?.value);
  }

  allVisible(): T[] {
    return this.#all((versions) => this.#seen(versions));
  }

  /** How many there are in truth: what quotas count. */
  count(): number {
    return this.allLatest().length;
  }

  clear(): void {
    this.#entities.clear();
  }

  #append(name: string, value: T | undefined): void {
    const key = name.toLowerCase();
    const versions = this.#entities.get(key) ?? [];
    const now = this.#propagation.now();
    const visibleAtMs = Math.max(now + this.#propagation.delayMs(), versions.at(-1)?.visibleAtMs ?? 0);
    const hindsightMs = this.#propagation.hindsightMs();
    const firstNeeded = Math.max(0, this.#seenIndex(versions, hindsightMs));
    const kept = [...versions.slice(firstNeeded), { visibleAtMs, value }];
    const last = kept.at(-1);
    if (value === undefined && last !== undefined && last.visibleAtMs + hindsightMs <= now) {
      this.#entities.delete(key);
    } else {
      this.#entities.set(key, kept);
    }
  }

  #seenIndex(versions: readonly Version<T>[], lagMs = 0): number {
    const now = this.#propagation.now() - lagMs;
    return versions.findLastIndex((version) => version.visibleAtMs <= now);
  }

  #seen(versions: readonly Version<T>[]): T | undefined {
    return versions[this.#seenIndex(versions)]?.value;
  }

  #all(pick: (versions: readonly Version<T>[]) => T | undefined): T[] {
    return [...this.#entities.values()].map(pick).filter((value): value is T & {} => value !== undefined);
  }
}
