import { type OptionSpec, type OptionSpecs, optionsWithHelp } from "./options.ts";

/** A command as the shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Empty for a group of commands. */
  readonly options: OptionSpecs;
  /** The commands of a group; empty for a command that is no group. */
  readonly subcommands: readonly CompletedCommand[];
}

/** Writes the completion script of a shell, by its name. */
export const COMPLETION_SCRIPTS: Readonly<
  Record<string, (program: string, commands: readonly CompletedCommand[]) => readonly string[]>
> = { bash, zsh, fish };

/** Values are completed as file names, by `-o default`: most options with a value take a file. */
function bash(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  return [
    "_instance_profile_controller() {",
    `  local words="" current="\${COMP_WORDS[COMP_CWORD]}"`,
    "  COMPREPLY=()",
    ...bashCase(commands, 1),
    '  case "$current" in',
    '    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;',
    "  esac",
    "}",
    `complete -o default -F _instance_profile_controller ${program}`,
  ];
}

/** Completes the word at `position` as one of the commands, and selects by it what follows. */
function bashCase(commands: readonly CompletedCommand[], position: number): readonly string[] {
  return [
    `  if [ "$COMP_CWORD" -eq ${position} ]; then`,
    `    COMPREPLY=($(compgen -W '${namesOf(commands)}' -- "$current"))`,
    "    return",
    "  fi",
    `  case "\${COMP_WORDS[${position}]}" in`,
    ...commands.flatMap(({ name, options, subcommands }) => {
      if (subcommands.length > 0) return [`    ${name})`, ...bashCase(subcommands, position + 1), "    ;;"];
      const names = Object.keys(optionsWithHelp(options)).map((option) => `--${option}`);
      return [`    ${name}) words='${names.join(" ")}' ;;`];
    }),
    "  esac",
  ];
}

function zsh(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  return [`#compdef ${program}`, "local -a commands", ...zshCase(commands)];
}

function zshCase(commands: readonly CompletedCommand[]): readonly string[] {
  return [
    `commands=(${commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`)).join(" ")})`,
    "if (( CURRENT == 2 )); then",
    "  _describe command commands",
    "  return",
    "fi",
    "shift words",
    "(( CURRENT-- ))",
    "case $words[1] in",
    ...commands.flatMap(({ name, options, subcommands }) => {
      if (subcommands.length > 0) return [`  ${name})`, ...zshCase(subcommands), "  ;;"];
      const specs = Object.entries(optionsWithHelp(options)).map(zshArgument);
      return [`  ${name}) _arguments ${[...specs, "'*:file:_files'"].join(" ")} ;;`];
    }),
    "esac",
  ];
}

function zshArgument([name, { short, multiple, value, help }]: readonly [string, OptionSpec]): string {
  const spec = `${multiple ? "*" : ""}--${name}[${escaped(help)}]${value ? `:${escaped(value)}:_files` : ""}`;
  return short === undefined ? quoted(spec) : `${quoted(spec)} ${quoted(spec.replace(`--${name}`, `-${short}`))}`;
}

function fish(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  return commands.flatMap((command) => [
    `complete -c ${program} -f -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ...fishCommand(program, command, `__fish_seen_subcommand_from ${command.name}`),
  ]);
}

/** Completes what follows a command, under the condition that it was typed. */
function fishCommand(
  program: string,
  { options, subcommands }: CompletedCommand,
  condition: string,
): readonly string[] {
  if (subcommands.length > 0) {
    const noneYet = quoted(`${condition}; and not __fish_seen_subcommand_from ${namesOf(subcommands)}`);
    return subcommands.flatMap((command) => [
      `complete -c ${program} -f -n ${noneYet} -a ${command.name} -d ${quoted(command.summary)}`,
      ...fishCommand(program, command, `${condition}; and __fish_seen_subcommand_from ${command.name}`),
    ]);
  }
  return Object.entries(optionsWithHelp(options)).map(([option, { short, value, help }]) => {
    const flags = `-l ${option}${short ? ` -s ${short}` : ""}${value ? " -r" : ""}`;
    return `complete -c ${program} -n ${quoted(condition)} ${flags} -d ${quoted(help)}`;
  });
}

function namesOf(commands: readonly CompletedCommand[]): string {
  return commands.map(({ name }) => name).join(" ");
}

/** For descriptions in zsh's `_arguments` and `_describe`. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

/** For a single-quoted string of every shell here. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
