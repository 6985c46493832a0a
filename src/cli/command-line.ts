import { ControllerError } from "../errors.ts";
import type { Command, ListedCommand } from "./command.ts";
import { COMPLETION_SCRIPTS } from "./completion.ts";
import { type CommandIo, EXIT, type ProcessIo, UsageError } from "./io.ts";
import { lineIo } from "./line-io.ts";
import { optionHelp, readOptions } from "./options.ts";
import { VERSION } from "./version.ts";

const PROGRAM = "instance-profile-controller";

const versionCommand: Command = {
  description: "Prints the version.",
  options: {},
  run: async (_given, io) => {
    io.out(VERSION);
    return EXIT.ok;
  },
};

const completionCommand: Command = {
  description: [
    "Prints the completion script of a shell: bash, zsh or fish. For bash: source <(instance-profile-controller completion bash)",
    "Exit status: 0 printed, 1 error.",
  ].join("\n"),
  options: {},
  positionals: "SHELL",
  run: async (given, io) => {
    const [shell = "", ...others] = given.positionals;
    const script = Object.hasOwn(COMPLETION_SCRIPTS, shell) ? COMPLETION_SCRIPTS[shell] : undefined;
    if (script === undefined || others.length > 0) {
      throw new UsageError(`name one shell: ${Object.keys(COMPLETION_SCRIPTS).join(", ")}`);
    }
    const loaded = COMMANDS.map(async ({ name, summary, load }) => ({ name, summary, ...(await load()) }));
    io.out(script(PROGRAM, await Promise.all(loaded)));
    return EXIT.ok;
  },
};

const COMMANDS: readonly ListedCommand[] = [
  {
    name: "run",
    summary: "run the controller",
    load: async () => (await import("./commands/run-command.ts")).runCommand,
  },
  {
    name: "sandbox",
    summary: "run the controller in a sandbox: no cluster, no AWS account",
    load: async () => (await import("./commands/sandbox-command.ts")).sandboxCommand,
  },
  {
    name: "plan",
    summary: "show what would change in AWS; writes nothing",
    load: async () => (await import("./commands/plan-command.ts")).planCommand,
  },
  {
    name: "export",
    summary: "write instance profiles that exist in AWS as manifests",
    load: async () => (await import("./commands/export-command.ts")).exportCommand,
  },
  {
    name: "validate",
    summary: "check manifests offline: schema, rules, policies",
    load: async () => (await import("./commands/validate-command.ts")).validateCommand,
  },
  {
    name: "release",
    summary: "release objects whose controller is gone; leaves AWS as it is",
    load: async () => (await import("./commands/release-command.ts")).releaseCommand,
  },
  {
    name: "completion",
    summary: "print the completion script of a shell",
    load: async () => completionCommand,
  },
  { name: "version", summary: "print the version", load: async () => versionCommand },
];

/** Runs one command line and returns its exit status. Never throws for user errors. */
export async function runCommandLine(args: readonly string[], processIo: ProcessIo): Promise<number> {
  const io = lineIo(processIo);
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    (name === undefined ? io.err : io.out)(programHelp());
    return name === undefined ? EXIT.error : EXIT.ok;
  }
  const listed = COMMANDS.find((candidate) => candidate.name === name.replace(/^--version$/, "version"));
  if (listed === undefined) {
    io.err([`${PROGRAM}: unknown command "${name}"`, "", ...programHelp()]);
    return EXIT.error;
  }
  const command = await listed.load();
  try {
    const given = readOptions(rest, command.options, command.positionals !== undefined);
    if (given.flag("help")) {
      io.out(commandHelp(listed.name, command));
      return EXIT.ok;
    }
    return await command.run(given, io);
  } catch (error) {
    if (io.stop.aborted && error === io.stop.reason) {
      io.err(`${PROGRAM} ${listed.name}: stopped: ${io.stop.reason.message}`);
      return EXIT.error;
    }
    return explain(listed.name, error, io);
  }
}

function explain(name: string, error: unknown, io: CommandIo): number {
  if (error instanceof UsageError) {
    io.err([`${PROGRAM} ${name}: ${error.message}`, `See ${PROGRAM} ${name} --help.`]);
    return EXIT.error;
  }
  if (error instanceof ControllerError) {
    io.err(`${PROGRAM} ${name}: ${error.message}`);
    return EXIT.error;
  }
  throw error;
}

function programHelp(): readonly string[] {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const rows = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `${PROGRAM}: reconciles AWS IAM instance profiles with InstanceProfile objects.`,
    "",
    `Usage: ${PROGRAM} COMMAND [OPTIONS]`,
    "",
    ...rows,
    "",
    `Run ${PROGRAM} COMMAND --help for the options of a command.`,
  ];
}

function commandHelp(name: string, { description, options, positionals }: Command): readonly string[] {
  const rest = positionals === undefined ? "" : ` ${positionals}`;
  return [`Usage: ${PROGRAM} ${name} [OPTIONS]${rest}`, "", ...description.split("\n"), "", ...optionHelp(options)];
}
