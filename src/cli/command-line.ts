import { ControllerError } from "../errors.ts";
import type { Command, CommandGroup, ListedCommand } from "./command.ts";
import { COMPLETION_SCRIPTS, type CompletedCommand } from "./completion.ts";
import { type CommandIo, EXIT, type ProcessIo, UsageError } from "./io.ts";
import { lineIo } from "./line-io.ts";
import { optionHelp, readOptions } from "./options.ts";
import { VERSION } from "./version.ts";

/** The name of the program. */
export const PROGRAM = "instance-profile-controller";

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
    io.out(script(PROGRAM, await Promise.all(COMMANDS.map(completed))));
    return EXIT.ok;
  },
};

async function completed({ name, summary, load }: ListedCommand): Promise<CompletedCommand> {
  const loaded = await load();
  if (!("subcommands" in loaded)) return { name, summary, options: loaded.options, subcommands: [] };
  return { name, summary, options: {}, subcommands: await Promise.all(loaded.subcommands.map(completed)) };
}

/** The commands about what policies allow. */
const accessCommand: CommandGroup = {
  description: "Says what policies allow.",
  subcommands: [
    {
      name: "can",
      summary: "say whether a request is allowed, and by which statement",
      load: async () => (await import("./access/can-command.ts")).canCommand,
    },
    {
      name: "diff",
      summary: "say what a change of policies or manifests grants",
      load: async () => (await import("./access/diff-command.ts")).diffCommand,
    },
  ],
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
    name: "convert",
    summary: "write IAM policy documents (JSON) as a manifest",
    load: async () => (await import("./commands/convert-command.ts")).convertCommand,
  },
  {
    name: "validate",
    summary: "check manifests offline: schema, rules, policies",
    load: async () => (await import("./commands/validate-command.ts")).validateCommand,
  },
  {
    name: "access",
    summary: "say what policies allow, and what a change grants",
    load: async () => accessCommand,
  },
  {
    name: "report",
    summary: "say which roles and instance profiles nothing uses",
    load: async () => (await import("./commands/report-command.ts")).reportCommand,
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

/** The program as a group of commands. */
export const PROGRAM_GROUP: CommandGroup = {
  description: "Reconciles AWS IAM instance profiles with InstanceProfile objects.",
  subcommands: COMMANDS,
};

/** Runs one command line and returns its exit status. Never throws for user errors. */
export async function runCommandLine(args: readonly string[], processIo: ProcessIo): Promise<number> {
  const [first, ...rest] = args;
  // The kubectl plugin names itself, so that its messages name a command that its user has.
  const title = processIo.env["IPROF_PROGRAM"] || PROGRAM;
  return runGroup(title, PROGRAM_GROUP, first === "--version" ? ["version", ...rest] : args, lineIo(processIo));
}

/** Runs the command of a group that the first argument names. `title` is how the group is called: `instance-profile-controller access`. */
async function runGroup(title: string, group: CommandGroup, args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    (name === undefined ? io.err : io.out)(groupHelp(title, group));
    return name === undefined ? EXIT.error : EXIT.ok;
  }
  const listed = group.subcommands.find((candidate) => candidate.name === name);
  if (listed === undefined) {
    io.err([`${title}: unknown command "${name}"`, "", ...groupHelp(title, group)]);
    return EXIT.error;
  }
  const loaded = await listed.load();
  const inner = `${title} ${listed.name}`;
  return "subcommands" in loaded ? runGroup(inner, loaded, rest, io) : runOne(inner, loaded, rest, io);
}

async function runOne(title: string, command: Command, args: readonly string[], io: CommandIo): Promise<number> {
  try {
    const given = readOptions(args, command.options, command.positionals !== undefined);
    if (given.flag("help")) {
      io.out(commandHelp(title, command));
      return EXIT.ok;
    }
    return await command.run(given, io);
  } catch (error) {
    if (io.stop.aborted && error === io.stop.reason) {
      io.err(`${title}: stopped: ${io.stop.reason.message}`);
      return EXIT.error;
    }
    return explain(title, error, io);
  }
}

function explain(title: string, error: unknown, io: CommandIo): number {
  if (error instanceof UsageError) {
    io.err([`${title}: ${error.message}`, `See ${title} --help.`]);
    return EXIT.error;
  }
  if (error instanceof ControllerError) {
    io.err(`${title}: ${error.message}`);
    return EXIT.error;
  }
  throw error;
}

function groupHelp(title: string, { description, subcommands }: CommandGroup): readonly string[] {
  const width = Math.max(...subcommands.map(({ name }) => name.length));
  const rows = subcommands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `Usage: ${title} COMMAND [OPTIONS]`,
    "",
    ...description.split("\n"),
    "",
    ...rows,
    "",
    `Run ${title} COMMAND --help for the options of a command.`,
  ];
}

function commandHelp(title: string, { description, options, positionals }: Command): readonly string[] {
  const rest = positionals === undefined ? "" : ` ${positionals}`;
  return [`Usage: ${title} [OPTIONS]${rest}`, "", ...description.split("\n"), "", ...optionHelp(options)];
}
