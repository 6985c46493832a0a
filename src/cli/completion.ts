import { type OptionSpec, type OptionSpecs, optionsWithHelp } from "./options.ts";

/** A command as the shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionSpecs;
}

/** Writes the completion script of a shell, by its name. */
export const COMPLETION_SCRIPTS: Readonly<
  Record<string, (program: string, commands: readonly CompletedCommand[]) => readonly string[]>
> = { bash, zsh, fish };

/** Values are completed as file names, by `-o default`: most options with a value take a file. */
function bash(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  const cases = commands.map(({ name, options }) => {
    const names = Object.keys(optionsWithHelp(options)).map((option) => `--${option}`);
    return `    ${name}) words='${names.join(" ")}' ;;`;
  });
  return [
    "_instance_profile_controller() {",
    `  local words="" current="\${COMP_WORDS[COMP_CWORD]}"`,
    "  COMPREPLY=()",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$current"))`,
    "    return",
    "  fi",
    `  case "\${COMP_WORDS[1]}" in`,
    ...cases,
    "  esac",
    '  case "$current" in',
    '    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;',
    "  esac",
    "}",
    `complete -o default -F _instance_profile_controller ${program}`,
  ];
}

function zsh(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  const argumentOf = ([name, { short, multiple, value, help }]: readonly [string, OptionSpec]): string => {
    const spec = `${multiple ? "*" : ""}--${name}[${escaped(help)}]${value ? `:${escaped(value)}:_files` : ""}`;
    return short === undefined ? quoted(spec) : `${quoted(spec)} ${quoted(spec.replace(`--${name}`, `-${short}`))}`;
  };
  return [
    `#compdef ${program}`,
    "local -a commands",
    `commands=(${commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`)).join(" ")})`,
    "if (( CURRENT == 2 )); then",
    "  _describe command commands",
    "  return",
    "fi",
    "shift words",
    "(( CURRENT-- ))",
    "case $words[1] in",
    ...commands.map(({ name, options }) => {
      const specs = Object.entries(optionsWithHelp(options)).map(argumentOf);
      return `  ${name}) _arguments ${[...specs, "'*:file:_files'"].join(" ")} ;;`;
    }),
    "esac",
  ];
}

function fish(program: string, commands: readonly CompletedCommand[]): readonly string[] {
  return commands.flatMap(({ name, summary, options }) => [
    `complete -c ${program} -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...Object.entries(optionsWithHelp(options)).map(([option, { short, value, help }]) => {
      const flags = `-l ${option}${short ? ` -s ${short}` : ""}${value ? " -r" : ""}`;
      return `complete -c ${program} -n '__fish_seen_subcommand_from ${name}' ${flags} -d ${quoted(help)}`;
    }),
  ]);
}

/** For descriptions in zsh's `_arguments` and `_describe`. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

/** For a single-quoted string of every shell here. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
