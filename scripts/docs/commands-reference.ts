import type { Command, CommandGroup } from "../../src/cli/command.ts";
import { PROGRAM, PROGRAM_GROUP } from "../../src/cli/command-line.ts";
import { cell, tableOf } from "./section.ts";

/** Every command of the program with its help: what it does, its exit statuses, its options. */
export async function commandsReference(): Promise<string> {
  const commands = await commandsOf(PROGRAM_GROUP, []);
  const summary = commands.map(({ name, summary: says }) => [
    `[\`${name}\`](#${name.replaceAll(" ", "-")})`,
    cell(says),
  ]);
  return [tableOf(["command", "does"], summary), ...commands.map(sectionOf)].join("\n\n");
}

interface NamedCommand {
  /** With its group: `access can`. */
  readonly name: string;
  readonly summary: string;
  readonly command: Command;
}

async function commandsOf(group: CommandGroup, above: readonly string[]): Promise<readonly NamedCommand[]> {
  const found = group.subcommands.map(async ({ name, summary, load }) => {
    const [loaded, names] = [await load(), [...above, name]];
    return "subcommands" in loaded ? commandsOf(loaded, names) : [{ name: names.join(" "), summary, command: loaded }];
  });
  return (await Promise.all(found)).flat();
}

function sectionOf({ name, command }: NamedCommand): string {
  const { description, options, positionals = "" } = command;
  const rows = Object.entries(options).map(([option, { short, value, help }]) => [
    `${short === undefined ? "" : `\`-${short}\`, `}\`--${option}${value === undefined ? "" : ` ${value}`}\``.replaceAll(
      "|",
      "\\|",
    ),
    cell(help),
  ]);
  const usage = [PROGRAM, name, rows.length === 0 ? "" : "[OPTIONS]", positionals].filter((word) => word !== "");
  const parts = [`### ${name}`, `\`${usage.join(" ")}\``, paragraphsOf(description)];
  return [...parts, ...(rows.length === 0 ? [] : [tableOf(["option", "meaning"], rows)])].join("\n\n");
}

/** The help's lines, with the exit statuses in a paragraph of their own. */
function paragraphsOf(description: string): string {
  const lines = description.split("\n").map((line) => cell(line).replaceAll("\\|", "|"));
  return lines.join("\n").replace(/\n(?=Exit status: )/, "\n\n");
}
