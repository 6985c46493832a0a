import { runCommandLine } from "../../../src/cli/command-line.ts";
import type { ProcessIo } from "../../../src/cli/io.ts";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { linesOf } from "../../support/lines-of.ts";

/** How a command ended and what it said. */
export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** What a command is given besides its arguments. */
export interface Given {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stop?: AbortSignal;
  readonly clock?: Clock;
  /** Default: none, as in a pipe. */
  readonly terminal?: ProcessIo["terminal"];
}

/** Runs one command line without a process. Raises what would end the process with a stack trace. */
export async function runCli(args: readonly string[], given: Given = {}): Promise<Ended> {
  const { input = "", env = {}, stop, clock = systemClock, terminal = { out: false, err: false } } = given;
  const [out, err]: [string[], string[]] = [[], []];
  const status = await runCommandLine(args, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    readInput: async () => input,
    readLines: () => linesOf(input),
    env,
    clock,
    terminal,
    stop: stop ?? new AbortController().signal,
  });
  return { status, out: out.join(""), err: err.join("") };
}

/** A manifest as text. */
export function manifestText(spec: object = {}, metadata: object = {}): string {
  return JSON.stringify({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-a", ...metadata },
    spec: {
      roleName: "app",
      statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }],
      ...spec,
    },
  });
}
