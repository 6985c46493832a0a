import type { Fence } from "./document.ts";

/** A command as a document shows it. */
export interface ShownCommand {
  /** As written, with continued lines joined. */
  readonly line: string;
  /** The output shown below it, in `console` blocks; a line `...` stands for any lines. */
  readonly output: readonly string[];
}

/** The commands of a block: in `sh` every line, in `console` those after a `$`. */
export function commandsOf({ language, text }: Fence): readonly ShownCommand[] {
  const lines = text.replaceAll(/\\\n\s*/g, "").split("\n");
  if (language === "sh") {
    return lines.filter((line) => line.trim() !== "" && !line.startsWith("#")).map((line) => ({ line, output: [] }));
  }
  const commands: { line: string; output: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith("$ ")) commands.push({ line: line.slice(2), output: [] });
    else commands.at(-1)?.output.push(line);
  }
  return commands;
}

/** The simple commands of a line, each as its words: split at `&&`, `||`, `|` and `;`, without redirections and comments. */
export function simpleCommands(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const word of wordsOf(line)) {
    if (/^(&&|\|\|?|;)$/.test(word)) commands.push([]);
    else commands.at(-1)?.push(unquoted(word));
  }
  return commands.map(withoutSettings).filter((words) => words.length > 0);
}

function wordsOf(line: string): readonly string[] {
  const words = line.match(/&&|\|\|?|;|(?:"[^"]*"|'[^']*'|\$\([^)]*\)|<[^>]*>|[^\s"'$;|&]|\$(?!\())+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith("#"));
  const said = comment < 0 ? words : words.slice(0, comment);
  return said.filter((word, index) => !isRedirection(word) && !isRedirection(said[index - 1] ?? ""));
}

function isRedirection(word: string): boolean {
  return /^[12]?>>?$/.test(word);
}

function unquoted(word: string): string {
  return word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? "");
}

/** Without variables set for the command alone. */
function withoutSettings(words: readonly string[]): readonly string[] {
  const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  return start < 0 ? [] : words.slice(start);
}
