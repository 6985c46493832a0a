import type { Logger } from "../../telemetry.ts";

/** Logs an election in the words of client-go: each new state once, and each failed attempt. */
export class ElectionLog {
  readonly #logger: Logger;
  readonly #identity: string;
  #holder: string | undefined;
  #failures = 0;

  readonly #conflictWith: (holder: string) => string | undefined;

  constructor(logger: Logger, lease: string, identity: string, conflictWith: (holder: string) => string | undefined) {
    this.#logger = logger.with({ lease, identity });
    this.#identity = identity;
    this.#conflictWith = conflictWith;
  }

  campaigning(): void {
    this.#logger.info("attempting to acquire leader lease");
  }

  elected(): void {
    this.#logger.info("successfully acquired lease");
  }

  lost(error: Error): void {
    this.#logger.error("leader election lost", { err: error });
  }

  released(): void {
    this.#logger.info("released lease");
  }

  notReleased(error: unknown): void {
    this.#logger.warn("failed to release lease; a standby can acquire it when it expires", { err: error });
  }

  /** Logs a successful request. */
  answered(holder: string): void {
    if (this.#failures > 0) this.#logger.info("The Lease is accessible again", { attempts: this.#failures });
    this.#failures = 0;
    if (holder !== this.#holder && holder !== "" && holder !== this.#identity) {
      this.#logger.info("new leader elected", { holder });
      const conflict = this.#conflictWith(holder);
      if (conflict !== undefined) this.#logger.error(conflict, { holder });
    }
    this.#holder = holder;
  }

  /** Logs a failed attempt. */
  failed(error: unknown): void {
    this.#failures += 1;
    this.#logger.warn("Failed to read or write the Lease", { err: error, attempts: this.#failures });
  }
}
