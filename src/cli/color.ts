import { styleText } from "node:util";
import type { LineKind } from "../text/line.ts";
import { type CommandIo, UsageError } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** The option of commands whose text has colors. */
export const COLOR_OPTION: OptionSpecs = {
  color: {
    type: "string",
    value: "WHEN",
    help: "color text: auto (default; on a terminal, unless NO_COLOR is set or TERM is dumb), always or never",
  },
};

/** Reads {@link COLOR_OPTION}: whether text on standard output has colors. Errors: UsageError. */
export function hasColor(given: GivenOptions, { env, terminal }: Pick<CommandIo, "env" | "terminal">): boolean {
  const when = given.text("color") ?? "auto";
  switch (when) {
    case "auto":
      // https://no-color.org: an empty value counts as unset.
      return terminal.out && !env["NO_COLOR"] && env["TERM"] !== "dumb";
    case "always":
      return true;
    case "never":
      return false;
    default:
      throw new UsageError(`--color: "${when}" must be one of auto, always, never`);
  }
}

const STYLES: Readonly<Record<LineKind, Parameters<typeof styleText>[0]>> = {
  headline: "bold",
  added: "green",
  changed: "yellow",
  removed: "red",
  "new-access": ["red", "bold"],
  error: "red",
  warning: "yellow",
};

/** The text in the color of its kind. The text must be escaped: an escape sequence in it would take effect. */
export function colored(escapedText: string, kind: LineKind): string {
  return styleText(STYLES[kind], escapedText, { validateStream: false });
}
