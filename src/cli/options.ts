import { type ParseArgsConfig, parseArgs } from "node:util";
import { CLUSTER_ID } from "../api/spec-fields.ts";
import { isNamespace } from "../engine/orphans/orphans.ts";
import { UsageError } from "./io.ts";

const UNEXPECTED_ARGUMENT = "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL";

/** One option of a command, with its help text. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  /** True for an input of which there is one: given twice, it is an error. Of other options with one value the last one counts. */
  readonly isInput?: boolean;
  readonly short?: string;
  /** The placeholder of its value: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

/** A command's options by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The options of a command line by name; multiple options are lists. */
export interface GivenOptions {
  /** The value of a string option. */
  text(name: string): string | undefined;
  /** Every value of a multiple option, in order. */
  list(name: string): readonly string[];
  /** True when a boolean option was given. */
  flag(name: string): boolean;
  /** The arguments that are not options. */
  readonly positionals: readonly string[];
}

/**
 * Reads a command's arguments. Errors: UsageError for unknown options, missing values, an input that is given twice, and
 * positional arguments that the command does not take.
 */
export function readOptions(args: readonly string[], specs: OptionSpecs, allowPositionals = false): GivenOptions {
  const options: ParseArgsConfig["options"] = { help: { type: "boolean", short: "h" } };
  for (const [name, { type, multiple, short }] of Object.entries(specs)) {
    options[name] = { type, ...(multiple && { multiple }), ...(short && { short }) };
  }
  const { values, positionals, given } = parse({ args: [...args], options, strict: true, allowPositionals });
  for (const [name, { isInput }] of Object.entries(specs)) {
    const isRepeated = given.indexOf(name) !== given.lastIndexOf(name);
    if (isRepeated && isInput) throw new UsageError(`--${name} is given twice; give it once`);
  }
  for (const [name, value] of Object.entries(values)) {
    // Usually an unset variable in a script. Ignoring the option could select the wrong cluster.
    if ([value].flat().includes(""))
      throw new UsageError(`--${name}: the value is empty; set a value or omit the option`);
  }
  return {
    text: (name) => (typeof values[name] === "string" ? values[name] : undefined),
    list: (name) => (Array.isArray(values[name]) ? values[name].map(String) : []),
    flag: (name) => values[name] === true,
    positionals,
  };
}

/** The options of a command, with the one that every command has. */
export function optionsWithHelp(specs: OptionSpecs): OptionSpecs {
  return { ...specs, help: { type: "boolean", short: "h", help: "show this help" } };
}

/** The option lines of a command's help. */
export function optionHelp(specs: OptionSpecs): readonly string[] {
  const rows = Object.entries(optionsWithHelp(specs)).map(([name, { short, value, help }]) => [
    `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`,
    help,
  ]);
  const width = Math.max(...rows.map(([left]) => left?.length ?? 0));
  return rows.map(([left, help]) => `  ${left?.padEnd(width)}  ${help}`);
}

/** Parses a duration such as `90s`, `10m`, `1h` or `90d`, in ms, at least `minMs`. Errors: UsageError naming the option. */
export function durationMs(name: string, text: string | undefined, fallbackMs: number, minMs = 0): number {
  if (text === undefined) return fallbackMs;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) {
    throw new UsageError(`--${name}: "${text}" is not a duration; write for example 90s, 10m, 1h or 30d`);
  }
  const durationMs = Number(match[1]) * unitMs;
  if (durationMs >= minMs) return durationMs;
  throw new UsageError(`--${name}: ${text} is too short; write ${minMs / 1_000}s or more`);
}

/** Parses a whole number within bounds. Errors: UsageError naming the option. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max) {
    throw new UsageError(`--${name}: "${text}" is not a whole number from ${min} to ${max}`);
  }
  return number;
}

/** Parses a number above 0, such as `0.5` or `20`. Errors: UsageError naming the option. */
export function positiveNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number;
  throw new UsageError(`--${name}: "${text}" is not a number above 0; write for example 0.5 or 20`);
}

/** Validates a cluster id, which is part of the owner tags. Errors: UsageError for what IAM rejects in a tag value. */
export function clusterIdOf<T extends string | undefined>(text: T, option = "cluster-id"): T {
  if (text === undefined || (text.length <= 256 && new RegExp(CLUSTER_ID, "u").test(text))) return text;
  throw new UsageError(
    `--${option}: "${text}" is not a valid tag value; write 1 to 256 letters, digits, any of _.:/=+-@, and spaces between them`,
  );
}

/** Validates an AWS account id. Errors: UsageError naming the option. */
export function accountIdOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^\d{12}$/.test(text)) return text;
  throw new UsageError(`--${name}: "${text}" is not an AWS account id; write its 12 digits`);
}

/** Validates a value of an option as the name of a namespace. Errors: UsageError naming the option. */
export function namespaceOf<T extends string | undefined>(name: string, text: T): T {
  if (text === undefined || isNamespace(text)) return text;
  throw new UsageError(
    `--${name}: "${text}" is not the name of a namespace; write 1 to 63 lower-case letters, digits and dashes`,
  );
}

/** The namespaces of a repeatable `--namespace`, each once; undefined when it is not set. Errors: UsageError. */
export function namespacesOf(given: GivenOptions): readonly string[] | undefined {
  const names = new Set(given.list("namespace").map((text) => namespaceOf("namespace", text)));
  return names.size === 0 ? undefined : [...names];
}

function parse(config: ParseArgsConfig): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  /** The names of the options in the order in which they were given. */
  readonly given: readonly string[];
} {
  try {
    const { values, positionals, tokens } = parseArgs({ ...config, tokens: true });
    return { values, positionals, given: tokens.flatMap((token) => (token.kind === "option" ? [token.name] : [])) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(words.replaceAll("\n", " ") + hintAt(error, config));
  }
}

/** The usual cause of an unexpected argument is a pattern without quotes: the shell puts all files after one -f. */
function hintAt(error: unknown, { options = {} }: ParseArgsConfig): string {
  const isUnexpected = error instanceof Error && "code" in error && error.code === UNEXPECTED_ARGUMENT;
  if (!isUnexpected || options["filename"] === undefined) return "";
  return ". Put -f before each file, or quote a pattern: -f 'profiles/*.yaml'";
}

const NAME = "[A-Za-z0-9](?:[-\\w.]{0,61}[A-Za-z0-9])?";
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const REQUIREMENT = new RegExp(
  `^(?:!?\\s*${KEY}|${KEY}\\s*(?:==?|!=)\\s*${VALUE}|${KEY}\\s*[<>]\\s*-?\\d+|` +
    `${KEY}\\s+(?:in|notin)\\s*\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\))$`,
);

/**
 * Checks the syntax of a label selector up front: the API server would reject a wrong one at every list, and the controller
 * would retry forever.
 *
 * Errors: UsageError for an invalid selector (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/).
 */
export function labelSelectorOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const wrong = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .find((part) => !REQUIREMENT.test(part));
  if (wrong === undefined) return text;
  throw new UsageError(
    `--label-selector: "${wrong}" is not a requirement; write for example team=web, team!=web, team, !team or "team in (web, db)", ` +
      "several joined by commas",
  );
}
