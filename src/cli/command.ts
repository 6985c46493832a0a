import type { CommandIo } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** One command of the program, as the list of commands shows it. */
export interface ListedCommand {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Each command loads no more of the program than it needs: the whole takes a second. */
  readonly load: () => Promise<Command>;
}

/** What a command does. */
export interface Command {
  /** What `--help` says before the options. */
  readonly description: string;
  readonly options: OptionSpecs;
  /** Runs to the end; the exit status. Errors: UsageError, ControllerError, or a bug. */
  readonly run: (given: GivenOptions, io: CommandIo) => Promise<number>;
}
