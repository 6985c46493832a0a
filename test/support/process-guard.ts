/**
 * Runs one command for as long as somebody holds the other end of standard input, then ends it: with SIGTERM, and with
 * SIGKILL when that is not enough. The system closes that end however the holder ends, by SIGKILL too, so no server
 * outlives the tests that started it.
 *
 *     node process-guard.ts COMMAND [ARGUMENT...]
 *
 * A line on standard input that names a signal is that signal for the command.
 *
 * It ends as the command does; a command that a signal ended counts as 128 + the signal's number, as in a shell.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

const GRACE_MS = 10_000;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("name the command to run");

// In a process group of its own: Ctrl-C reaches it by way of the holder alone, and a wrapper's children end with it.
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });
child.once("error", (error) => {
  console.error(error.message);
  process.exit(127);
});
child.once("exit", (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]);
});

process.stdin.setEncoding("utf8").on("data", (text: string) => {
  for (const signal of text.split("\n").filter((line) => line !== "")) signalGroup(signal as NodeJS.Signals);
});
process.stdin.once("close", end);
process.once("SIGTERM", end);
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});

function end(): void {
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), GRACE_MS);
}

function signalGroup(signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended in this moment.
  }
}
