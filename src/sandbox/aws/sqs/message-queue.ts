import { createHash, randomUUID } from "node:crypto";

/** A message as ReceiveMessage returns it. */
export interface ReceivedMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly Body: string;
  readonly Attributes: Readonly<Record<string, string>>;
}

interface Stored {
  readonly id: string;
  readonly body: string;
  readonly sentAtMs: number;
  visibleAtMs: number;
  receipt: string;
  received: number;
}

/** So that a queue that nobody reads does not grow: the oldest messages go. */
const MAX_MESSAGES = 2_000;

/** How long a message that was received is not delivered to others, unless the receiver says so. */
export const VISIBILITY_TIMEOUT_MS = 30_000;

/** A standard queue: at least once, in about the order of arrival. */
export class MessageQueue {
  readonly #now: () => number;
  #messages: Stored[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The numbers of messages that can be received, and that are in flight. */
  get depth(): { readonly visible: number; readonly inFlight: number } {
    const visible = this.#messages.filter(({ visibleAtMs }) => visibleAtMs <= this.#now()).length;
    return { visible, inFlight: this.#messages.length - visible };
  }

  send(body: string): void {
    const sentAtMs = this.#now();
    this.#messages.push({ id: randomUUID(), body, sentAtMs, visibleAtMs: sentAtMs, receipt: "", received: 0 });
    if (this.#messages.length > MAX_MESSAGES) this.#messages.shift();
    for (const wake of this.#waiting) wake();
  }

  /** Up to `max` messages, at once. */
  receive(max: number, visibilityTimeoutMs: number = VISIBILITY_TIMEOUT_MS): readonly ReceivedMessage[] {
    const nowMs = this.#now();
    const due = this.#messages.filter(({ visibleAtMs }) => visibleAtMs <= nowMs).slice(0, max);
    return due.map((message) => {
      message.visibleAtMs = nowMs + visibilityTimeoutMs;
      message.receipt = randomUUID();
      message.received += 1;
      return {
        MessageId: message.id,
        ReceiptHandle: message.receipt,
        MD5OfBody: createHash("md5").update(message.body).digest("hex"),
        Body: message.body,
        Attributes: {
          ApproximateReceiveCount: String(message.received),
          SentTimestamp: String(message.sentAtMs),
        },
      };
    });
  }

  /** Resolves with the next `send`, or after `waitMs` of real time, or when the signal aborts. */
  whenSent(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      timer.unref();
      this.#waiting.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** False when no message has this receipt. */
  delete(receipt: string): boolean {
    const before = this.#messages.length;
    this.#messages = this.#messages.filter((message) => message.receipt !== receipt || receipt === "");
    return this.#messages.length < before;
  }

  clear(): void {
    this.#messages = [];
  }
}
