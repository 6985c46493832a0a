import type { Logger } from "../../telemetry.ts";

/** What an election says: each new state once, each new trouble once; repetitions go to the debug level. */
export class ElectionLog {
  readonly #logger: Logger;
  readonly #identity: string;
  #holder: string | undefined;
  #failures = 0;

  constructor(logger: Logger, lease: string, identity: string) {
    this.#logger = logger.with({ lease, identity });
    this.#identity = identity;
  }

  campaigning(): void {
    this.#logger.info("Waiting to become the leader");
  }

  elected(): void {
    this.#logger.info("This process leads now");
  }

  lost(error: Error): void {
    this.#logger.error("This process leads no more and must end", { err: error });
  }

  released(): void {
    this.#logger.info("The lease is free for others");
  }

  notReleased(error: unknown): void {
    this.#logger.warn("The lease could not be given up: others have to wait until it expires", { err: error });
  }

  /** An attempt got an answer. */
  answered(holder: string): void {
    if (this.#failures > 0) this.#logger.info("The lease can be reached again", { attempts: this.#failures });
    this.#failures = 0;
    if (holder !== this.#holder && holder !== "" && holder !== this.#identity) {
      this.#logger.info("Another process leads", { holder });
    }
    this.#holder = holder;
  }

  /** An attempt got none. */
  failed(error: unknown): void {
    this.#failures += 1;
    const say = this.#failures === 1 ? this.#logger.warn : this.#logger.debug;
    say.call(this.#logger, "The lease can be neither read nor written", { err: error });
  }
}
