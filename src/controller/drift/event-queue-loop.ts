import { type ChangeEvent, readChangeEvent } from "../../engine/drift/change-event.ts";
import type { EventQueue, QueueMessage } from "../../engine/drift/event-queue.ts";
import { ControllerError, messageOfError } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry.ts";
import { failureFields } from "../reconcile/telemetry.ts";

/**
 * What became of a message:
 * - `matched`: an object is verified.
 * - `own`: the controller's own write.
 * - `unmatched`: a change of something that no object has.
 * - `misdirected`: a change in another account than that of the class whose queue it came by.
 * - `irrelevant`: an event about something else, or a refused call.
 * - `malformed`: no event.
 * - `failed`: the controller could not handle it, so that the queue delivers it again.
 */
export const MESSAGE_RESULTS = [
  "matched",
  "own",
  "unmatched",
  "misdirected",
  "irrelevant",
  "malformed",
  "failed",
] as const;
export type MessageResult = (typeof MESSAGE_RESULTS)[number];

/** What became of an event about a change. */
export type EventResult = Extract<MessageResult, "matched" | "own" | "unmatched" | "misdirected">;

/** Observes a queue, for metrics. Called synchronously; must not throw. */
export interface EventQueueObserver {
  /** Called when the queue is polled from now on. */
  joined?(queue: string): void;
  /** @param lagMs the time since the change; undefined for what is no change */
  handled(queue: string, result: MessageResult, lagMs: number | undefined): void;
  reachable(queue: string, isReachable: boolean): void;
  /** Called when the queue is no longer polled. */
  left?(queue: string): void;
}

/** The dependencies of {@link EventQueueLoop}. */
export interface EventQueueLoopOptions {
  readonly queue: EventQueue;
  readonly receive: (event: ChangeEvent) => EventResult;
  /** Reserves the next batch of all queues. Returns the time until then. */
  readonly nextBatchMs: () => number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly observer?: EventQueueObserver | undefined;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** The maximum number of messages that one request receives or deletes. */
const FULL_BATCH = 10;
/**
 * The delay after a batch that was not full: a steady flow would otherwise arrive in twos and threes, and the requests are what costs. An event
 * that finds the queue empty is received at once, the next ones up to this much later.
 */
const GATHER_MS = 500;
/** Most events are smaller. Reading a larger one can take so long that the rest of the process must not wait for the next one too. */
const LARGE_BODY_CHARS = 32_768;

/**
 * Receives the messages of one queue, one batch at a time, and deletes those that were handled. A queue that cannot be reached is logged
 * once and retried with backoff; nothing else depends on it.
 */
export class EventQueueLoop {
  readonly #options: EventQueueLoopOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** What was logged since the queue could be polled. */
  readonly #faults = new Set<string>();
  #failures = 0;

  constructor(options: EventQueueLoopOptions) {
    this.#options = options;
  }

  /** Further calls do nothing, nor does the first after `stop`. */
  start(): void {
    if (this.#abort.signal.aborted) return;
    this.#loop ??= this.#run(this.#abort.signal);
  }

  /** Resolves when nothing is running. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The event queue is no longer polled"));
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delayMs = await this.#receiveOnce(signal);
      await this.#options.clock.sleep(delayMs, signal).catch(() => {});
    }
  }

  /** Handles one batch. Never raises. Returns the delay before the next. */
  async #receiveOnce(signal: AbortSignal): Promise<number> {
    const { queue } = this.#options;
    try {
      const messages = await queue.receive(signal);
      const handled = await this.#handleAll(messages, signal);
      if (handled.length > 0) await queue.delete(handled, signal);
      this.#succeeded();
      return Math.max(this.#options.nextBatchMs(), messages.length < FULL_BATCH ? GATHER_MS : 0);
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  /** Returns the messages that were handled. Errors: the signal's reason. */
  async #handleAll(messages: readonly QueueMessage[], signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const handled: QueueMessage[] = [];
    for (const message of messages) {
      if (this.#handle(message)) handled.push(message);
      if (message.body.length > LARGE_BODY_CHARS) await this.#options.clock.sleep(0, signal);
    }
    return handled;
  }

  /** False when the message must be delivered again. */
  #handle({ body }: QueueMessage): boolean {
    const { queue, receive, clock, logger, observer } = this.#options;
    const reading = readChangeEvent(body);
    if (reading.kind !== "change") {
      observer?.handled(queue.name, reading.kind, undefined);
      return true;
    }
    const lagMs = Math.max(0, clock.nowMs() - Date.parse(reading.event.time));
    try {
      const result = receive(reading.event);
      observer?.handled(queue.name, result, lagMs);
      return true;
    } catch (error) {
      // A bug: the dead-letter queue keeps the message.
      logger.error("could not handle an event", { queue: queue.name, err: error });
      observer?.handled(queue.name, "failed", lagMs);
      return false;
    }
  }

  #succeeded(): void {
    const { queue, logger, observer } = this.#options;
    if (this.#faults.size > 0) logger.info("the event queue can be reached again", { queue: queue.name });
    this.#faults.clear();
    this.#failures = 0;
    observer?.reachable(queue.name, true);
  }

  /** Logs each fault once. Returns the delay before the next attempt. */
  #failed(error: unknown): number {
    const { queue, logger, observer, random } = this.#options;
    const message = messageOfError(error);
    if (!this.#faults.has(message)) {
      const facts = error instanceof ControllerError ? failureFields(error) : { err: error };
      const what = "could not poll the event queue; the controller retries, and finds drift by account scans meanwhile";
      logger.warn(what, { queue: queue.name, ...facts });
    }
    this.#faults.add(message);
    observer?.reachable(queue.name, false);
    this.#failures += 1;
    const maxMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS);
    return maxMs * (0.5 + 0.5 * random());
  }
}
