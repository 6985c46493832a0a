import type { Action, ActionOutcome } from "../../plan/action.ts";
import type { IamWriter, Precondition } from "../ports.ts";
import type { ExecutionReport } from "./execute.ts";

/**
 * A writer that asks before each write, and again when its turn has come, whether the object that the plan was made from is
 * still current: turns may be long in coming, and people lose patience.
 */
export class GuardedWriter implements IamWriter {
  readonly #writer: IamWriter;
  readonly #checkStillCurrent: Precondition;
  #refusal: { readonly error: unknown } | undefined;

  constructor(writer: IamWriter, checkStillCurrent: Precondition) {
    this.#writer = writer;
    this.#checkStillCurrent = checkStillCurrent;
  }

  /** Errors: those of the question, and those of the writer. */
  async perform(action: Action, signal: AbortSignal): Promise<ActionOutcome> {
    const assertCurrent: Precondition = (asked) =>
      this.#checkStillCurrent(asked).catch((error: unknown) => {
        this.#refusal = { error };
        throw error;
      });
    await assertCurrent(signal);
    return this.#writer.perform(action, signal, assertCurrent);
  }

  /** The report without the write that was not sent. */
  sentOf(report: ExecutionReport): ExecutionReport {
    return this.#refusal === undefined ? report : { ...report, failed: undefined };
  }

  /** Raises what the question raised, when the pass has kept the books of what it wrote before. */
  assertCurrent(): void {
    if (this.#refusal !== undefined) throw this.#refusal.error;
  }
}
