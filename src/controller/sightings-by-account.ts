import { Sightings } from "./sightings.ts";

/** What passes and sweeps have shown of the objects of each account: one may be swept while another may not be read as a whole. */
export class SightingsByAccount {
  readonly #monotonicMs: () => number;
  readonly #byAccount = new Map<string, Sightings>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  of(account: string): Sightings {
    const known = this.#byAccount.get(account) ?? new Sightings(this.#monotonicMs);
    this.#byAccount.set(account, known);
    return known;
  }

  forget(key: string): void {
    for (const sightings of this.#byAccount.values()) sightings.forget(key);
  }
}
