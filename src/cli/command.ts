import type { CommandIo } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** One command of the program, as the program's help lists it. */
export interface ListedCommand {
  readonly name: string;
  /** One-line summary. */
  readonly summary: string;
  /** Loads the command on demand: loading all of them takes a second. */
  readonly load: () => Promise<Command | CommandGroup>;
}

/** A command that consists of others, such as `access` of `access can`. */
export interface CommandGroup {
  /** Text that `--help` prints before the list of its commands. */
  readonly description: string;
  readonly subcommands: readonly ListedCommand[];
}

/** The implementation of a command. */
export interface Command {
  /** Text that `--help` prints before the options. */
  readonly description: string;
  readonly options: OptionSpecs;
  /** The placeholder of its positional arguments; unset: it takes none. */
  readonly positionals?: string;
  /** Runs the command and returns its exit status. Errors: UsageError, ControllerError, or a bug. */
  readonly run: (given: GivenOptions, io: CommandIo) => Promise<number>;
}
