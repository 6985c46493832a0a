import { readFile } from "node:fs/promises";
import type { Clock } from "../runtime/clock.ts";

/** The kubelet replaces the token at 80 % of its life of an hour or more: once a minute is often enough, as in client-go. */
const rereadAfterMs = 60_000;

/**
 * A bearer token in a file that somebody else keeps fresh.
 *
 * Errors: what reading the file throws, but only while there is no earlier token: a file that cannot be read for a moment
 * does no harm as long as the server accepts what was read before.
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
    if (this.#token !== undefined && nowMs - this.#readMs < rereadAfterMs) return this.#token;
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

  /** The server refused the token: the next one comes from the file or not at all. */
  invalidate(): void {
    this.#token = undefined;
  }
}
