import type { Random } from "../random.ts";

const maxTtlSeconds = 21_600;

/** The session tokens of one instance's metadata service, version 2. */
export class MetadataTokens {
  readonly #now: () => number;
  readonly #random: Random;
  readonly #endsAtMs = new Map<string, number>();

  constructor(now: () => number, random: Random) {
    this.#now = now;
    this.#random = random;
  }

  /** A new token, good for so many seconds; undefined for a time that is none, or more than six hours. */
  issue(ttl: string | undefined): { readonly token: string; readonly ttlSeconds: number } | undefined {
    const ttlSeconds = /^\d{1,6}$/.test(ttl ?? "") ? Number(ttl) : 0;
    if (ttlSeconds < 1 || ttlSeconds > maxTtlSeconds) return undefined;
    this.#forgetEnded();
    const token = `${this.#random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 54)}==`;
    this.#endsAtMs.set(token, this.#now() + ttlSeconds * 1_000);
    return { token, ttlSeconds };
  }

  /** The seconds that a token is still good for; undefined when it is not. */
  secondsLeft(token: string | undefined): number | undefined {
    const endsAtMs = this.#endsAtMs.get(token ?? "");
    const leftMs = endsAtMs === undefined ? 0 : endsAtMs - this.#now();
    return leftMs > 0 ? Math.ceil(leftMs / 1_000) : undefined;
  }

  #forgetEnded(): void {
    for (const [token, endsAtMs] of this.#endsAtMs) {
      if (endsAtMs <= this.#now()) this.#endsAtMs.delete(token);
    }
  }
}
