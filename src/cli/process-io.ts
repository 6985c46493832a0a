import { buffer } from "node:stream/consumers";
import { TerminalError } from "../errors.ts";
import type { ProcessIo } from "./io.ts";
import { lineIo } from "./line-io.ts";
import { decodeUtf8 } from "./manifests/utf8.ts";

/** Exit status of a process that a second signal ends at once, as shells report it for SIGINT. */
const INTERRUPTED = 130;

/** Exit status of a process whose output nobody reads any longer, as shells report it for SIGPIPE. */
const BROKEN_PIPE = 141;

/** The real process. The first SIGINT or SIGTERM asks for an orderly stop, the second ends it on the spot. */
export function processIo(): ProcessIo {
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
  const io: ProcessIo = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readInput: readStandardInput,
    env: process.env,
    stop: stop.signal,
  };
  showWarningsAsLines(io);
  return io;
}

async function readStandardInput(): Promise<string> {
  const text = decodeUtf8(await buffer(process.stdin));
  if (text !== undefined) return text;
  throw new TerminalError("standard input is not UTF-8: convert it", { reason: "UnreadableFile" });
}

/** Node's own listener writes warnings as they are, and libraries put into them what they read. */
function showWarningsAsLines(io: ProcessIo): void {
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => lineIo(io).err(`${name}: ${message}`));
}
