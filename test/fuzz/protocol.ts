/** Something that no input may bring about. */
export interface Finding {
  readonly command: string;
  readonly what: string;
  /** Bytes of the input. */
  readonly size: number;
}

/** What a worker says after each case, and once when it is ready (seed -1). */
export interface FromWorker {
  readonly seed: number;
  readonly findings: readonly Finding[];
}
