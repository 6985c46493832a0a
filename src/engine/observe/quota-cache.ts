import { ControllerError } from "../../errors.ts";
import type { AccountQuotas } from "../../model/account-quotas.ts";
import type { AccountReader } from "../ports.ts";

/** What planning needs to know of quotas. */
export interface QuotaSource {
  /** Undefined while they are not known, or must not be read. */
  known(signal: AbortSignal): Promise<AccountQuotas | undefined>;
  /** As {@link QuotaCache.refresh}. */
  refresh(maxAgeMs: number, signal: AbortSignal): Promise<AccountQuotas | undefined>;
}

/** The account's quotas as they were last read. Nothing depends on knowing them: IAM itself refuses what is too much. */
export class QuotaCache implements QuotaSource {
  readonly #reader: AccountReader | undefined;
  readonly #monotonicMs: () => number;
  #current: AccountQuotas | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(reader: AccountReader | undefined, monotonicMs: () => number) {
    this.#reader = reader;
    this.#monotonicMs = monotonicMs;
  }

  /** As they were last read; undefined while they are not known, or must not be read. */
  get current(): AccountQuotas | undefined {
    return this.#current;
  }

  /** The account is not scanned any more, so that nothing keeps them current. */
  forget(): void {
    this.#current = undefined;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** As `current`: a scan reads them, and a plan does not wait for that. */
  async known(): Promise<AccountQuotas | undefined> {
    return this.#current;
  }

  /**
   * Reads them, unless that was done within the last `maxAgeMs`. Where it fails, what was known stays known; where it is not
   * allowed, nothing is known any more.
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
