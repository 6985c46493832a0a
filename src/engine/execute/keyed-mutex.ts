/**
 * Lets one piece of work at a time have a name.
 *
 * Two objects that may both adopt the same role would otherwise both see it unowned, both tag it, and both write it. Within one
 * process this settles who comes first; the second then sees the first one's tags.
 */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs the work when no earlier work has any of these names. Raises what the work raises. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const turn = Promise.withResolvers<void>();
    // All names are taken in one step, so that two works never wait for each other.
    const earlier = names.map((name) => this.#last.get(name));
    for (const name of names) this.#last.set(name, turn.promise);
    try {
      await Promise.all(earlier);
      return await work();
    } finally {
      turn.resolve();
      for (const name of names) if (this.#last.get(name) === turn.promise) this.#last.delete(name);
    }
  }

  /** Names that are taken. */
  get size(): number {
    return this.#last.size;
  }
}
