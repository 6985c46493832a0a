import type { Logger } from "../../telemetry.ts";
import type { ProcessIo } from "../io.ts";
import { lineIo } from "../line-io.ts";

/** The two ways in which a bug reaches the process. */
const KINDS = ["uncaughtException", "unhandledRejection"] as const;

type Kind = (typeof KINDS)[number];

/** What is needed of the process; tests bring their own. */
export interface FatalProcess {
  prependListener(kind: Kind, listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Ends the process when something was thrown that nobody caught: state is unknown then, and a restart is safe where going
 * on is not. Logs it first, since Kubernetes keeps that. It comes before what was installed earlier.
 */
export function exitOnBug(logger: Logger, target: FatalProcess): void {
  onBug(target, (kind, error) => logger.error("a bug ends the process", { kind, err: asError(error) }));
}

/** The same for a process without a log: the error and its stack go to standard error, made safe as any other line. */
export function showBugs(io: ProcessIo, target: FatalProcess): void {
  onBug(target, (_kind, error) => showBug(error, io));
}

/** Shows an error that nobody expected. */
export function showBug(error: unknown, io: ProcessIo): void {
  const { name, message, stack = "" } = asError(error);
  const frames = stack.split("\n").filter((line) => /^ +at /.test(line));
  lineIo(io).err([`a bug ends the process: ${name}: ${message}`, ...frames]);
}

function onBug(target: FatalProcess, report: (kind: Kind, error: unknown) => void): void {
  for (const kind of KINDS) {
    target.prependListener(kind, (error) => {
      report(kind, error);
      target.exit(1);
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
