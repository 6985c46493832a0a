import { text } from "node:stream/consumers";
import type { CommandIo } from "./io.ts";

/** Exit status of a process that a second signal ends at once, as shells report it for SIGINT. */
const INTERRUPTED = 130;

/** Exit status of a process whose output nobody reads any longer, as shells report it for SIGPIPE. */
const BROKEN_PIPE = 141;

/** The real process. The first SIGINT or SIGTERM asks for an orderly stop, the second ends it on the spot. */
export function processIo(): CommandIo {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error(`received ${signal}`));
  };
  // Whoever read the output has had enough of it (`| head`); nobody is left to tell.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(BROKEN_PIPE);
  });
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    out: (line) => void process.stdout.write(line),
    err: (line) => void process.stderr.write(line),
    readInput: () => text(process.stdin),
    env: process.env,
    stop: stop.signal,
  };
}
