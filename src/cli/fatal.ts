import type { Logger } from "../telemetry.ts";

/** The two ways in which a bug reaches the process. */
const KINDS = ["uncaughtException", "unhandledRejection"] as const;

/** What is needed of the process; tests bring their own. */
export interface FatalProcess {
  on(kind: (typeof KINDS)[number], listener: (error: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Ends the process when something was thrown that nobody caught: state is unknown then, and a restart is safe where going
 * on is not. Says so in the log first, since Kubernetes keeps that.
 */
export function exitOnBug(logger: Logger, target: FatalProcess): void {
  for (const kind of KINDS) {
    target.on(kind, (error) => {
      logger.error("a bug ends the process", { kind, err: error instanceof Error ? error : new Error(String(error)) });
      target.exit(1);
    });
  }
}
