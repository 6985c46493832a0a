import type { Logger } from "../../telemetry.ts";
import type { ProcessIo } from "../io.ts";
import { lineIo } from "../line-io.ts";

/** The two process events that report a bug. */
const KINDS = ["uncaughtException", "unhandledRejection"] as const;

type Kind = (typeof KINDS)[number];

/** The part of the process that the handlers need; tests pass their own. */
export interface FatalProcess {
  prependListener(kind: Kind, listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Logs an uncaught error and ends the process: its state is unknown then, and a restart is safe. The handler precedes those
 * installed earlier.
 */
export function exitOnBug(logger: Logger, target: FatalProcess): void {
  onBug(target, (kind, error) => logger.error("exiting because of a bug", { kind, err: asError(error) }));
}

/** Does the same for a process without a log: prints the error and its stack to standard error, escaped as any other line. */
export function showBugs(io: ProcessIo, target: FatalProcess): void {
  onBug(target, (_kind, error) => showBug(error, io));
}

/** Prints an unexpected error. */
export function showBug(error: unknown, io: ProcessIo): void {
  const { name, message, stack = "" } = asError(error);
  const frames = stack.split("\n").filter((line) => /^ +at /.test(line));
  lineIo(io).err([`exiting because of a bug: ${name}: ${message}`, ...frames]);
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
