import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { TerminalError } from "../errors.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry.ts";
import type { ProcessIo } from "./io.ts";
import { lineIo } from "./line-io.ts";
import { decodeUtf8 } from "./manifests/manifest-files.ts";

/** Exit status after a second SIGINT or SIGTERM, as shells report it for SIGINT. */
const INTERRUPTED = 130;

/** Exit status when the reader of standard output is gone, as shells report it for SIGPIPE. */
const BROKEN_PIPE = 141;

/** Wraps the real process. The first SIGINT or SIGTERM starts an orderly stop, the second ends the process at once. */
export function processIo(): ProcessIo {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error(`received ${signal}`));
  };
  // The reader closed the pipe (`| head`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(BROKEN_PIPE);
  });
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const io: ProcessIo = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readInput: readStandardInput,
    readLines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
    env: process.env,
    clock: systemClock,
    terminal: { out: process.stdout.isTTY === true, err: process.stderr.isTTY === true },
    stop: stop.signal,
  };
  showWarningsAsLines(io);
  return io;
}

async function readStandardInput(): Promise<string> {
  const text = decodeUtf8(await buffer(process.stdin));
  if (text !== undefined) return text;
  throw new TerminalError("standard input is not UTF-8. Convert it to UTF-8.", { reason: "UnreadableFile" });
}

/** Replaces Node's warning listener, which writes warnings unescaped; libraries put their input into them. */
function showWarningsAsLines(io: ProcessIo): void {
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => lineIo(io).err(`${name}: ${message}`));
}

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
