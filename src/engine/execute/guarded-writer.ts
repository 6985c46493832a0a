import type { Action, ActionOutcome } from "../../plan/action.ts";
import type { IamWriter, Precondition } from "../ports.ts";
import type { ExecutionReport } from "./execute.ts";

/**
 * A writer that checks a precondition before each write, and again right before the request is sent: a write may wait
 * long for the rate limit, and the object may change meanwhile.
 */
export class GuardedWriter implements IamWriter {
  readonly #writer: IamWriter;
  readonly #precondition: Precondition;
  #refusal: { readonly error: unknown } | undefined;

  constructor(writer: IamWriter, precondition: Precondition) {
    this.#writer = writer;
    this.#precondition = precondition;
  }

  /** Errors: those of the precondition, and those of the writer. */
  async perform(action: Action, signal: AbortSignal): Promise<ActionOutcome> {
    const precondition: Precondition = (requestSignal) =>
      this.#precondition(requestSignal).catch((error: unknown) => {
        this.#refusal = { error };
        throw error;
      });
    await precondition(signal);
    return this.#writer.perform(action, signal, precondition);
  }

  /** The report without the write whose precondition failed: it was not sent. */
  sentOf(report: ExecutionReport): ExecutionReport {
    return this.#refusal === undefined ? report : { ...report, failed: undefined };
  }

  /** Raises the error of the failed precondition. Call it after the writes before it are recorded. */
  throwIfPreconditionFailed(): void {
    if (this.#refusal !== undefined) throw this.#refusal.error;
  }
}
