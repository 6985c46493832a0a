/**
 * A mutex for each name.
 *
 * Two objects that may adopt the same role could otherwise both observe it as unowned, both tag it, and both write to
 * it. Within one process, the mutex lets one go first; the second then observes the owner tags of the first.
 */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs the work when no earlier work holds any of these names. Raises what the work raises. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const held = Promise.withResolvers<void>();
    // All names are acquired in one step, so that there is no deadlock.
    const earlier = names.map((name) => this.#last.get(name));
    for (const name of names) this.#last.set(name, held.promise);
    try {
      await Promise.all(earlier);
      return await work();
    } finally {
      held.resolve();
      for (const name of names) if (this.#last.get(name) === held.promise) this.#last.delete(name);
    }
  }

  /** The number of names that are held. */
  get size(): number {
    return this.#last.size;
  }
}
