import { AwsFault } from "../fault.ts";
import { type MessageQueue, VISIBILITY_TIMEOUT_MS } from "./message-queue.ts";

type Json = Readonly<Record<string, unknown>>;

/** A request to a queue in the JSON protocol. */
export interface SqsCall {
  readonly queue: MessageQueue;
  readonly input: Json;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

const MAX_WAIT_SECONDS = 20;
const MAX_RECEIVED = 10;

/** The operations of SQS that a receiver uses, by name. */
export const SQS_OPERATIONS: Readonly<Record<string, (call: SqsCall) => Json | Promise<Json>>> = {
  ReceiveMessage: receiveMessage,
  DeleteMessageBatch: deleteMessages,
};

async function receiveMessage({ queue, input, signal }: SqsCall): Promise<Json> {
  const max = whole(input, "MaxNumberOfMessages", 1, [1, MAX_RECEIVED]);
  const waitMs = whole(input, "WaitTimeSeconds", 0, [0, MAX_WAIT_SECONDS]) * 1_000;
  const visibilityMs = whole(input, "VisibilityTimeout", VISIBILITY_TIMEOUT_MS / 1_000, [0, 43_200]) * 1_000;
  if (waitMs > 0 && queue.depth.visible === 0) await queue.whenSent(waitMs, signal);
  if (signal.aborted) return {};
  const messages = queue.receive(max, visibilityMs);
  return messages.length === 0 ? {} : { Messages: messages };
}

function deleteMessages({ queue, input }: SqsCall): Json {
  const entries = Array.isArray(input["Entries"]) ? (input["Entries"] as readonly Json[]) : [];
  if (entries.length === 0) throw new AwsFault("EmptyBatchRequest", 400, "There should be at least one entry.");
  const Successful = entries.map((entry) => {
    queue.delete(text(entry, "ReceiptHandle"));
    return { Id: text(entry, "Id") };
  });
  return { Successful, Failed: [] };
}

function text(input: Json, name: string): string {
  const value = input[name];
  if (typeof value === "string") return value;
  throw new AwsFault("MissingParameter", 400, `The request must contain the parameter ${name}.`);
}

function whole(input: Json, name: string, fallback: number, [min, max]: readonly [number, number]): number {
  const value = input[name] ?? fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  const message = `Value ${String(value)} for parameter ${name} is invalid. Reason: Must be between ${min} and ${max}, if provided.`;
  throw new AwsFault("InvalidParameterValue", 400, message);
}
