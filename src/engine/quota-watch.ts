import { ControllerError } from "../errors.ts";
import type { AccountQuotas } from "../model/account-quotas.ts";
import type { AccountReader } from "./ports.ts";

/** The account's quotas as they were last read. Nothing depends on knowing them: IAM itself refuses what is too much. */
export class QuotaWatch {
  readonly #reader: AccountReader | undefined;
  readonly #monotonicMs: () => number;
  #current: AccountQuotas | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(reader: AccountReader | undefined, monotonicMs: () => number) {
    this.#reader = reader;
    this.#monotonicMs = monotonicMs;
  }

  /** Undefined while they are not known, or may not be read. */
  get current(): AccountQuotas | undefined {
    return this.#current;
  }

  /** Nobody refreshes them any more. */
  forget(): void {
    this.#current = undefined;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
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
