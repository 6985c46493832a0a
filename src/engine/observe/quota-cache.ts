import { ControllerError } from "../../errors.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import type { AccountReader } from "../ports.ts";

/** The quotas that a plan is checked against. */
export interface QuotaSource {
  /** The cached quotas; undefined while they are unknown, or the controller is not authorized to read them. */
  known(signal: AbortSignal): Promise<AccountQuotas | undefined>;
  /** As {@link QuotaCache.refresh}. */
  refresh(maxAgeMs: number, signal: AbortSignal): Promise<AccountQuotas | undefined>;
}

/** A cache of the account's quotas. No safety depends on it: IAM itself rejects a write beyond a quota. */
export class QuotaCache implements QuotaSource {
  readonly #reader: AccountReader | undefined;
  readonly #monotonicMs: () => number;
  #current: AccountQuotas | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(reader: AccountReader | undefined, monotonicMs: () => number) {
    this.#reader = reader;
    this.#monotonicMs = monotonicMs;
  }

  /** The quotas as last read; undefined while they are unknown, or the controller is not authorized to read them. */
  get current(): AccountQuotas | undefined {
    return this.#current;
  }

  /** Clears the cache. Call it when account scans stop, because nothing keeps the quotas current then. */
  forget(): void {
    this.#current = undefined;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** As `current`: scans read the quotas, and a plan does not wait for them. */
  async known(): Promise<AccountQuotas | undefined> {
    return this.#current;
  }

  /**
   * Reads the quotas, unless that was attempted within the last `maxAgeMs`. After a failure the cached quotas stay;
   * access denied clears them.
   *
   * Errors: the signal's reason when it aborts.
   */
  async refresh(maxAgeMs: number, signal: AbortSignal): Promise<AccountQuotas | undefined> {
    const nowMs = this.#monotonicMs();
    if (this.#reader === undefined || nowMs - this.#readAtMs < maxAgeMs) return this.#current;
    this.#readAtMs = nowMs;
    try {
      this.#current = await this.#reader.getQuotas(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ControllerError)) throw error;
      if (error.reason === "AccessDenied") this.#current = undefined;
    }
    return this.#current;
  }
}
