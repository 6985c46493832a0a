import { ControllerError } from "../../errors.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { Logger } from "../../telemetry.ts";
import { priorityOf } from "../urgency.ts";
import { failureFields } from "./telemetry.ts";

/** The dependencies of {@link QueuedReport}. */
export interface QueuedReportOptions {
  readonly queue: Pick<WorkQueue, "waiting" | "running" | "isWaiting" | "isRunning" | "depth">;
  /** When the object was created, in ms since the epoch, if it was never reported; else undefined. */
  readonly unreportedSinceMs: (key: string) => number | undefined;
  /** Writes that the object waits, unless its status says so; `waiting` is unset for an object that a worker has. */
  readonly report: (key: string, waiting: number | undefined, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An object that waits longer says so in its status. */
const QUEUED_AFTER_MS = 30_000;
const CHECK_MS = 5_000;
/** Requests to the API server at the same time. */
const PARALLEL = 10;

/**
 * Writes into the status of objects that a user waits for that they wait in the queue: once for each wait. So it does for objects
 * that a worker has and that were never reported, because their requests may wait for long. The writes need no worker and no
 * request to AWS, so nothing that delays the objects delays them.
 */
export class QueuedReport {
  readonly #options: QueuedReportOptions;
  readonly #abort = new AbortController();
  readonly #writing = new Map<string, Promise<void>>();
  #timer: Timer | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: QueuedReportOptions) {
    this.#options = options;
  }

  /** Starts the checks. Does nothing after `stop`. */
  start(): void {
    if (this.#abort.signal.aborted || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.schedule(CHECK_MS, () => {
      this.#ended = this.#check().finally(() => {
        this.#timer = undefined;
        this.start();
      });
    });
  }

  /** Resolves when no write to the object is in progress, so that a reconcile does not conflict with it. */
  async written(key: string): Promise<void> {
    await this.#writing.get(key);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error("The controller is shutting down"));
    this.#timer?.cancel();
    await this.#ended;
  }

  async #check(): Promise<void> {
    const due = this.#due().values();
    const work = async (): Promise<void> => {
      for (const key of due) {
        const written = this.#report(key).finally(() => this.#writing.delete(key));
        this.#writing.set(key, written);
        await written;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  #due(): readonly string[] {
    const { queue, clock, unreportedSinceMs } = this.#options;
    const [monotonicMs, nowMs] = [clock.monotonicMs(), clock.nowMs()];
    const due: string[] = [];
    for (const { key, priority, sinceMs } of queue.waiting()) {
      if (priority < priorityOf("initialCreation")) continue;
      const unreportedMs = nowMs - (unreportedSinceMs(key) ?? nowMs);
      if (Math.max(monotonicMs - sinceMs, unreportedMs) >= QUEUED_AFTER_MS) due.push(key);
    }
    for (const { key } of queue.running()) {
      if (nowMs - (unreportedSinceMs(key) ?? nowMs) >= QUEUED_AFTER_MS) due.push(key);
    }
    return due;
  }

  async #report(key: string): Promise<void> {
    const { signal } = this.#abort;
    const { queue } = this.#options;
    const isRunning = queue.isRunning(key);
    if (signal.aborted || !(isRunning || queue.isWaiting(key))) return;
    try {
      await this.#options.report(key, isRunning ? undefined : queue.depth, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ControllerError)) throw error;
      this.#options.logger.debug("could not report that an object waits", { key, ...failureFields(error) });
    }
  }
}
