import { vi } from "vitest";
import { runCommandLine } from "../../../src/cli/command-line.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { linesOf } from "../../support/lines-of.ts";

/** How the program is called in the documents. */
export const PROGRAM = "instance-profile-controller";

/** What a command line came to. */
export interface ProgramRun {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A command line at work, in this process. */
export interface RunningProgram {
  /** What it has written so far. */
  out(): string;
  /** Asks it to stop, as a signal does, and waits for its end. */
  stop(): Promise<ProgramRun>;
  readonly ended: Promise<ProgramRun>;
}

/** Starts a command line of the program. */
export function startProgram(args: readonly string[], input = ""): RunningProgram {
  const stop = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    readInput: async () => input,
    readLines: () => linesOf(input),
    env: process.env,
    clock: systemClock,
    terminal: { out: false, err: false },
    stop: stop.signal,
  };
  const ended = runCommandLine(args, io).then((status) => ({ status, out: out.join(""), err: err.join("") }));
  return {
    out: () => out.join(""),
    ended,
    stop() {
      stop.abort(new Error("received SIGINT"));
      return ended;
    },
  };
}

/** Runs a command line of the program to its end. */
function runProgram(args: readonly string[], input?: string): Promise<ProgramRun> {
  return startProgram(args, input).ended;
}

/** An environment as a shell holds it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs a command line to its end with an environment of its own: the AWS SDK takes its settings from the process alone. A
 * process of its own would take a hundred times as long; what the tests beside it see is as it was when this resolves.
 */
export async function runProgramWith(env: Environment, args: readonly string[], input?: string): Promise<ProgramRun> {
  try {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return await runProgram(args, input);
  } finally {
    vi.unstubAllEnvs();
  }
}

/** The names of the program's commands, or of the commands of a group, by its help. */
export async function commandNames(...group: readonly string[]): Promise<readonly string[]> {
  const { out } = await runProgram([...group, "--help"]);
  return [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name ?? "");
}

/** The options of a command by its help: long and short names, with their dashes. */
export async function optionsOf(command: string): Promise<ReadonlySet<string>> {
  const { out } = await runProgram([...command.split(" "), "--help"]);
  const rows = [...out.matchAll(/^ {2}(?:(-\w), | {4})(--[\w-]+)/gm)];
  return new Set(rows.flatMap(([, short, long]) => [short, long]).filter((name) => name !== undefined));
}
