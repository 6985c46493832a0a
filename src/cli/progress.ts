import { inParallel } from "../engine/concurrency.ts";
import type { CommandIo } from "./io.ts";

/** A command that ends sooner shows no progress. */
const QUIET_MS = 2_000;

const REDRAW_MS = 200;

/** What a user waits for. */
export interface Awaited {
  /** The command: `access diff`. */
  readonly command: string;
  /** What it counts: `objects`. */
  readonly items: string;
  /** The command's `--output`; unset: text. */
  readonly format?: string | undefined;
}

/** Counts what a command works on. */
export interface Progress {
  /** {@link inParallel}, counted. */
  inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]>;
}

/** Does the work and shows how far it is on standard error, when it takes long and a person watches. The line is gone at the end. */
export async function withProgress<T>(
  io: Pick<CommandIo, "clock" | "env" | "terminal" | "showProgress">,
  awaited: Awaited,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  if (!isWatched(io, awaited)) return work({ inParallel });
  let [done, total] = [0, 0];
  const draw = (): void => {
    io.showProgress(`${awaited.command}: ${total === 0 ? "reading AWS" : `${done} of ${total} ${awaited.items}`}`);
    timer = io.clock.schedule(REDRAW_MS, draw);
  };
  let timer = io.clock.schedule(QUIET_MS, draw);
  try {
    return await work({
      inParallel: (items, workOn) => {
        total += items.length;
        return inParallel(items, async (item) => {
          const result = await workOn(item);
          done += 1;
          return result;
        });
      },
    });
  } finally {
    timer.cancel();
    io.showProgress("");
  }
}

/** False for a log, and for the terminal that shows the JSON. */
function isWatched({ env, terminal }: Pick<CommandIo, "env" | "terminal">, { format }: Awaited): boolean {
  if (!terminal.err || env["CI"] || env["TERM"] === "dumb") return false;
  return !(terminal.out && format === "json");
}
