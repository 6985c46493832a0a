import type { LogFields, Logger } from "../../telemetry.ts";
import type { Clock } from "../clock.ts";
import type { WorkerQueue } from "./laned-queue.ts";
import type { TakenKey } from "./work-queue.ts";

/**
 * What a run asks for:
 * - `done`: nothing until something changes; earlier failures are forgotten.
 * - `after`: look again in `delayMs`, with this run's priority or the one given; earlier failures are forgotten.
 * - `backoff`: it failed; again after the key's own growing delay.
 */
export type Requeue =
  | { readonly kind: "done" }
  | { readonly kind: "after"; readonly delayMs: number; readonly priority?: number }
  | { readonly kind: "backoff" };

/** What a run knows about itself. */
export interface Run {
  /** The key's, as the queue gave it out. */
  readonly priority: number;
  /** One id per run, in every line of its log. */
  readonly reconcileId: string;
  readonly logger: Logger;
  /** Failures of this key in a row before this run. */
  readonly failures: number;
}

/**
 * Brings one key's object in step. Must be idempotent and read the present state anew: a key says what to look at,
 * never what happened.
 *
 * Assumption: it ends soon after the signal aborts (time-out or shutdown). Until it does, its key and its worker are taken.
 */
export type Reconcile = (key: string, signal: AbortSignal, run: Run) => Promise<Requeue>;

/** How a run ended; `failed` and `timedOut` are requeued like `backoff`. `abandoned`: cut by the shutdown. */
export type RunResult = Requeue["kind"] | "failed" | "timedOut" | "abandoned";

/** Hears of runs: the seam for metrics. Called synchronously; must not throw. */
export interface WorkerObserver {
  runStarted?(key: string): void;
  runEnded?(key: string, result: RunResult, durationMs: number): void;
}

/** What workers are made of. */
export interface WorkerOptions {
  readonly queue: WorkerQueue;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `randomUUID`, or something predictable in tests. */
  readonly newReconcileId: () => string;
  /** What lines of the log call the object of a key; default: its key. */
  readonly fieldsOf?: (key: string) => LogFields;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** A run that takes longer has its signal aborted. */
  readonly runTimeoutMs?: number;
  readonly observer?: WorkerObserver | undefined;
}

/** controller-runtime leaves this off; a call that hangs would then hold its key for ever. */
const defaultRunTimeoutMs = 120_000;

/** Runs that go on after their signal was aborted at shutdown get this long to notice. */
const abortGraceMs = 1_000;

/** A run took longer than it may. */
class RunTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`The run was cut after ${timeoutMs / 1_000} s`);
    this.name = "RunTimeoutError";
  }
}

/** The controller stops and did not wait for the run. */
class ShutdownError extends Error {
  constructor() {
    super("The controller is shutting down");
    this.name = "ShutdownError";
  }
}

/** Works on the queue's keys until stopped. */
export class Workers {
  readonly #options: WorkerOptions;
  readonly #timeoutMs: number;
  /** One controller per run; a signal shared by all runs for the life of the process would gather listeners. */
  readonly #running = new Set<AbortController>();
  #loops: readonly Promise<void>[] = [];
  #stopped: Promise<boolean> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#timeoutMs = options.runTimeoutMs ?? defaultRunTimeoutMs;
  }

  /** Starts the workers; further calls do nothing. */
  start(): void {
    if (this.#loops.length > 0 || this.#stopped !== undefined) return;
    this.#loops = Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /**
   * Takes no further keys, lets running ones finish for up to `drainMs`, then aborts them. Shuts the queue down.
   * Resolves with true when every run has ended, false when some run ignored its signal and was left behind.
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
    return within(ended, abortGraceMs, clock);
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
    // Asked for before `done`, so that a key is never both free and forgotten about.
    this.#requeue(taken, requeue);
    queue.done(taken.key);
    observer?.runEnded?.(taken.key, result, clock.monotonicMs() - startMs);
  }

  async #attempt(key: string, run: Run): Promise<{ readonly result: RunResult; readonly requeue: Requeue }> {
    const abort = new AbortController();
    this.#running.add(abort);
    const timer = this.#options.clock.schedule(this.#timeoutMs, () => {
      run.logger.warn("The run takes too long and is being cut", { timeoutMs: this.#timeoutMs });
      abort.abort(new RunTimeoutError(this.#timeoutMs));
    });
    try {
      const requeue = await this.#options.reconcile(key, abort.signal, run);
      return { result: requeue.kind, requeue };
    } catch (error) {
      return { result: blame(error, abort.signal, run.logger), requeue: { kind: "backoff" } };
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

/** A run should handle what it knows; whatever reaches this place is a fault to be seen, not a reason to stop. */
function blame(error: unknown, signal: AbortSignal, logger: Logger): RunResult {
  if (signal.aborted) return signal.reason instanceof ShutdownError ? "abandoned" : "timedOut";
  logger.error("The run failed in a way it did not expect", { err: error });
  return "failed";
}

/** The promise's own answer, or false when it takes longer than `timeoutMs`. */
async function within(promise: Promise<boolean>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.schedule(timeoutMs, () => late.resolve(false));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}
