/** One message of an event queue. */
export interface QueueMessage {
  readonly body: string;
  /** What deletes it. */
  readonly receipt: string;
}

/**
 * A queue of events about changes in AWS. It delivers at least once, in any order.
 *
 * Errors: ControllerErrors; the signal's reason when it aborts.
 */
export interface EventQueue {
  /** Unique in the process, for logs and metrics. */
  readonly name: string;
  /** Waits for messages, some seconds; an empty list when there were none. They are visible again unless they are deleted. */
  receive(signal: AbortSignal): Promise<readonly QueueMessage[]>;
  delete(messages: readonly QueueMessage[], signal: AbortSignal): Promise<void>;
  /** Closes the connections. The next call opens them again. */
  close?(): void;
}
