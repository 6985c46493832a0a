import type { LogFields, Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { TakenKey, WorkQueue } from "./work-queue.ts";

/** The part of a queue that workers use. */
export type WorkerQueue = Pick<
  WorkQueue,
  "get" | "done" | "addRateLimited" | "addAfter" | "forget" | "failuresOf" | "shutDown"
>;

/**
 * What a reconcile requests of the queue:
 * - `done`: nothing until the next change; resets the backoff.
 * - `after`: requeue after `delayMs`, with the same priority or the given one; resets the backoff.
 * - `backoff`: it failed; requeue after the key's growing delay.
 */
export type Requeue =
  | { readonly kind: "done" }
  | { readonly kind: "after"; readonly delayMs: number; readonly priority?: number }
  | { readonly kind: "backoff" };

/** Context of one reconcile. */
export interface Run {
  /** The priority of the key. */
  readonly priority: number;
  /** Unique id that appears in each of its log lines. */
  readonly reconcileId: string;
  readonly logger: Logger;
  /** Consecutive failures of this key before this reconcile. */
  readonly failures: number;
}

/**
 * Reconciles the object of one key. Must be idempotent and read the current state: a key says which object to reconcile, never
 * what happened.
 *
 * Assumption: it ends soon after the signal aborts (timeout or shutdown). Until then its key and its worker are occupied.
 */
export type Reconcile = (key: string, signal: AbortSignal, run: Run) => Promise<Requeue>;

/** The result of a reconcile; `failed` and `timedOut` are requeued like `backoff`. `abandoned`: aborted by the shutdown. */
export type RunResult = Requeue["kind"] | "failed" | "timedOut" | "abandoned";

/** Observer of reconciles, for metrics. Called synchronously; must not throw. */
export interface WorkerObserver {
  runStarted?(key: string): void;
  runEnded?(key: string, result: RunResult, durationMs: number): void;
}

/** Dependencies of Workers. */
export interface WorkerOptions {
  readonly queue: WorkerQueue;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `randomUUID`; tests use predictable ids. */
  readonly newReconcileId: () => string;
  /** Log fields that identify the object of a key; default: its key. */
  readonly fieldsOf?: (key: string) => LogFields;
  /** Maximum number of concurrent reconciles. */
  readonly concurrency: number;
  /** Time limit after which a reconcile's signal aborts. */
  readonly runTimeoutMs?: number;
  readonly observer?: WorkerObserver | undefined;
}

/** controller-runtime has no default; a hanging reconcile would then hold its key forever. */
const DEFAULT_RUN_TIMEOUT_MS = 120_000;

/** Time for reconciles to end after their signal was aborted at shutdown. */
const ABORT_GRACE_MS = 1_000;

/** A reconcile exceeded its time limit. */
class RunTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`The reconcile was aborted after ${timeoutMs / 1_000} s`);
    this.name = "RunTimeoutError";
  }
}

/** The controller shuts down and does not wait for the reconcile. */
class ShutdownError extends Error {
  constructor() {
    super("The controller is shutting down");
    this.name = "ShutdownError";
  }
}

/** Reconciles the queue's keys until stopped. */
export class Workers {
  readonly #options: WorkerOptions;
  readonly #timeoutMs: number;
  /** One AbortController per reconcile; a signal shared for the life of the process would accumulate listeners. */
  readonly #running = new Set<AbortController>();
  #loops: readonly Promise<void>[] = [];
  #stopped: Promise<boolean> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#timeoutMs = options.runTimeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
  }

  /** Starts the workers; idempotent. */
  start(): void {
    if (this.#loops.length > 0 || this.#stopped !== undefined) return;
    this.#loops = Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /**
   * Shuts the queue down, lets running reconciles finish for up to `drainMs`, then aborts them. Resolves with true when all have
   * ended, with false when some ignored their signal and were left running.
   */
  stop(drainMs: number): Promise<boolean> {
    this.#stopped ??= this.#stop(drainMs);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<boolean> {
    const { clock, queue } = this.#options;
    const ended = Promise.all([queue.shutDown("drop"), ...this.#loops]).then(() => true);
    if (await within(ended, drainMs, clock)) return true;
    for (const run of this.#running) run.abort(new ShutdownError());
    return within(ended, ABORT_GRACE_MS, clock);
  }

  async #work(): Promise<void> {
    const { queue } = this.#options;
    for (let taken = await queue.get(); taken !== undefined; taken = await queue.get()) {
      await this.#run(taken);
    }
  }

  async #run(taken: TakenKey): Promise<void> {
    const { queue, clock, observer, newReconcileId, fieldsOf = (key) => ({ key }) } = this.#options;
    const startMs = clock.monotonicMs();
    const reconcileId = newReconcileId();
    const logger = this.#options.logger.with({ ...fieldsOf(taken.key), reconcileID: reconcileId });
    observer?.runStarted?.(taken.key);
    const { result, requeue } = await this.#attempt(taken.key, {
      priority: taken.priority,
      reconcileId,
      logger,
      failures: queue.failuresOf(taken.key),
    });
    // Requeue before `done`, so that the key is never idle and unscheduled.
    this.#requeue(taken, requeue);
    queue.done(taken.key);
    observer?.runEnded?.(taken.key, result, clock.monotonicMs() - startMs);
  }

  async #attempt(key: string, run: Run): Promise<{ readonly result: RunResult; readonly requeue: Requeue }> {
    const abort = new AbortController();
    this.#running.add(abort);
    const timer = this.#options.clock.schedule(this.#timeoutMs, () => {
      run.logger.warn("The reconcile exceeded its time limit; aborting it", { timeoutMs: this.#timeoutMs });
      abort.abort(new RunTimeoutError(this.#timeoutMs));
    });
    try {
      const requeue = await this.#options.reconcile(key, abort.signal, run);
      return { result: requeue.kind, requeue };
    } catch (error) {
      return { result: resultOfError(error, abort.signal, run.logger), requeue: { kind: "backoff" } };
    } finally {
      timer.cancel();
      this.#running.delete(abort);
    }
  }

  #requeue(taken: TakenKey, requeue: Requeue): void {
    const { queue } = this.#options;
    if (requeue.kind === "backoff") {
      queue.addRateLimited(taken.key, taken);
      return;
    }
    queue.forget(taken.key);
    if (requeue.kind !== "after") return;
    queue.addAfter(taken.key, requeue.delayMs, { priority: requeue.priority ?? taken.priority });
  }
}

/** Classifies an error of a reconcile. Reconciles handle known errors, so any other is a bug: it is logged, and work goes on. */
function resultOfError(error: unknown, signal: AbortSignal, logger: Logger): RunResult {
  if (signal.aborted) return signal.reason instanceof ShutdownError ? "abandoned" : "timedOut";
  logger.error("Observed a panic", { err: error });
  return "failed";
}

/** Waits for the promise; returns false if it takes longer than `timeoutMs`. */
async function within(promise: Promise<boolean>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.schedule(timeoutMs, () => late.resolve(false));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}
