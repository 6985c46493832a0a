import type { CommandIo } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` says before the options. */
  readonly description: string;
  readonly options: OptionSpecs;
  /** Runs to the end; the exit status. Errors: UsageError, ControllerError, or a bug. */
  readonly run: (given: GivenOptions, io: CommandIo) => Promise<number>;
}
