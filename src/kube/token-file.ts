import { readFile } from "node:fs/promises";
import type { Clock } from "../runtime/clock.ts";

/** The kubelet rotates the token at 80 % of its lifetime of an hour or more: re-reading once a minute suffices, as in client-go. */
const REREAD_AFTER_MS = 60_000;

/**
 * A bearer token in a file that another program keeps fresh.
 *
 * Errors: those of reading the file, but only without an earlier token: while the server accepts the previous token, a file
 * that is briefly unreadable does no harm.
 */
export class TokenFile {
  readonly #path: string;
  readonly #clock: Clock;
  #token: string | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async token(): Promise<string> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#token !== undefined && nowMs - this.#readMs < REREAD_AFTER_MS) return this.#token;
    try {
      const token = (await readFile(this.#path, "utf8")).trim();
      if (token === "") throw new Error(`The token file ${this.#path} is empty`);
      this.#token = token;
      this.#readMs = nowMs;
      return token;
    } catch (error) {
      if (this.#token === undefined) throw error;
      return this.#token;
    }
  }

  /** Drops the token after the server rejected it, so that the next one is read from the file. */
  invalidate(): void {
    this.#token = undefined;
  }
}
