import { ControllerError } from "../errors.ts";
import type { Command } from "./command.ts";
import { exportCommand } from "./export-command.ts";
import { type CommandIo, EXIT, UsageError } from "./io.ts";
import { optionHelp, readOptions } from "./options.ts";
import { planCommand } from "./plan-command.ts";
import { runCommand } from "./run-command.ts";
import { sandboxCommand } from "./sandbox-command.ts";
import { validateCommand } from "./validate-command.ts";
import { VERSION } from "./version.ts";

const PROGRAM = "instance-profile-controller";

const versionCommand: Command = {
  name: "version",
  summary: "print the version",
  description: "Prints the version.",
  options: {},
  run: async (_given, io) => {
    io.out(`${VERSION}\n`);
    return EXIT.ok;
  },
};

const COMMANDS: readonly Command[] = [
  runCommand,
  sandboxCommand,
  planCommand,
  exportCommand,
  validateCommand,
  versionCommand,
];

/** Runs one command line and says how it ended. Never throws for what a user can do wrong. */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    (name === undefined ? io.err : io.out)(programHelp());
    return name === undefined ? EXIT.error : EXIT.ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name.replace(/^--version$/, "version"));
  if (command === undefined) {
    io.err(`${PROGRAM}: there is no command "${name}"\n\n${programHelp()}`);
    return EXIT.error;
  }
  try {
    const given = readOptions(rest, command.options);
    if (given.flag("help")) {
      io.out(commandHelp(command));
      return EXIT.ok;
    }
    return await command.run(given, io);
  } catch (error) {
    if (io.stop.aborted && error === io.stop.reason) {
      io.err(`${PROGRAM} ${command.name}: stopped: ${io.stop.reason.message}\n`);
      return EXIT.error;
    }
    return explain(command, error, io);
  }
}

function explain(command: Command, error: unknown, io: CommandIo): number {
  if (error instanceof UsageError) {
    io.err(`${PROGRAM} ${command.name}: ${error.message}\nSee ${PROGRAM} ${command.name} --help.\n`);
    return EXIT.error;
  }
  if (error instanceof ControllerError) {
    io.err(`${PROGRAM} ${command.name}: ${error.message}\n`);
    return EXIT.error;
  }
  throw error;
}

function programHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const rows = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `${PROGRAM}: keeps AWS IAM instance profiles in step with InstanceProfile manifests.`,
    "",
    `Usage: ${PROGRAM} COMMAND [OPTIONS]`,
    "",
    ...rows,
    "",
    `${PROGRAM} COMMAND --help says more.`,
    "",
  ].join("\n");
}

function commandHelp({ name, description, options }: Command): string {
  return `Usage: ${PROGRAM} ${name} [OPTIONS]\n\n${description}\n\n${optionHelp(options)}\n`;
}
