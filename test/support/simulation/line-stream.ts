/** The lines of a watch as they reach a process: bytes, one chunk a line. */
export class LineStream implements AsyncIterable<Uint8Array> {
  /** Nothing arrives any more, and nobody is told. */
  isDead = false;
  readonly #waiting: (Uint8Array | Error | "end")[] = [];
  readonly #onLeave: () => void;
  #wake: () => void = () => {};

  /** @param onLeave called once when the reader goes, or is told of the end */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(line: string): void {
    this.#put(Buffer.from(line));
  }

  end(): void {
    this.#put("end");
  }

  fail(error: Error): void {
    this.isDead = false;
    this.#put(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next === "end") return;
        if (next instanceof Error) throw next;
        if (next === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else yield next;
      }
    } finally {
      this.#onLeave();
    }
  }

  #put(item: Uint8Array | Error | "end"): void {
    if (this.isDead) return;
    this.#waiting.push(item);
    this.#wake();
  }
}
