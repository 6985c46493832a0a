import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const GUARD = join(import.meta.dirname, "process-guard.ts");
const POLL_MS = 50;
const MAX_TAIL_CHARS = 2_000;

/** A command to run in the background. */
export interface ProcessOptions {
  /** Where its output goes; what it wrote last is part of every error about it. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A process in the background. */
export interface BackgroundProcess {
  /** Its exit status, once it has ended; 128 + the number of the signal that ended it. */
  readonly exited: Promise<number>;
  /** All that it wrote so far. */
  output(): string;
  /**
   * Waits until the check answers something, and returns that. A check that throws has no answer yet.
   *
   * Errors: the process ended, or the time is up; both say what the process wrote last.
   */
  untilReady<T>(check: () => Promise<T | undefined>, timeoutMs: number): Promise<T>;
  /** Sends it a signal. */
  send(signal: NodeJS.Signals): void;
  /** Ends it and waits for that. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a command in the background. It ends with the process that started it at the latest, however that one ends
 * (see process-guard.ts).
 */
export function startProcess(command: string, args: readonly string[], options: ProcessOptions): BackgroundProcess {
  const log = openSync(options.logFile, "w");
  const guard = spawn(process.execPath, [GUARD, command, ...args], {
    stdio: ["pipe", log, log],
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  let status: number | undefined;
  const exited = once(guard, "exit").then(([code]: unknown[]) => {
    status = typeof code === "number" ? code : 137;
    return status;
  });
  const output = () => readFileSync(options.logFile, "utf8");
  const fault = (what: string) => new Error(`${command} ${what}; it wrote last:\n${output().slice(-MAX_TAIL_CHARS)}`);

  return {
    exited,
    output,
    async untilReady<T>(check: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
      const until = Date.now() + timeoutMs;
      while (Date.now() < until) {
        const answer = await check().catch(() => undefined);
        if (answer !== undefined) return answer;
        if (status !== undefined) throw fault(`ended with status ${status}`);
        await delay(POLL_MS);
      }
      throw fault(`was not ready after ${timeoutMs} ms`);
    },
    send(signal) {
      guard.stdin?.write(`${signal}\n`);
    },
    async stop(): Promise<void> {
      guard.stdin?.destroy();
      await exited;
    },
  };
}
