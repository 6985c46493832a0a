import { AwsFault } from "../fault.ts";
import type { MessageQueue } from "./message-queue.ts";
import type { Queues } from "./queues.ts";

type Json = Readonly<Record<string, unknown>>;

/** A request to SQS in the JSON protocol. */
export interface SqsCall {
  readonly queues: Queues;
  readonly input: Json;
  /** The URL of a queue, by its name. */
  readonly urlOf: (name: string) => string;
  readonly accountId: string;
  readonly region: string;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

const MAX_WAIT_SECONDS = 20;
const MAX_RECEIVED = 10;

/** The operations of SQS that receivers and their tests use, by name. */
export const SQS_OPERATIONS: Readonly<Record<string, (call: SqsCall) => Json | Promise<Json>>> = {
  CreateQueue: ({ queues, input, urlOf }) => ({ QueueUrl: urlOf(queues.create(text(input, "QueueName")).name) }),
  DeleteQueue: (call) => {
    call.queues.delete(queueOf(call).name);
    return {};
  },
  GetQueueUrl: (call) => {
    const { name } = existing(call.queues.get(text(call.input, "QueueName")));
    return { QueueUrl: call.urlOf(name) };
  },
  ListQueues: ({ queues, urlOf }) => ({ QueueUrls: queues.all.map(({ name }) => urlOf(name)) }),
  SendMessage: (call) => {
    const { id, md5 } = queueOf(call).send(text(call.input, "MessageBody"));
    return { MessageId: id, MD5OfMessageBody: md5 };
  },
  ReceiveMessage: receiveMessage,
  DeleteMessage: (call) => {
    queueOf(call).delete(text(call.input, "ReceiptHandle"));
    return {};
  },
  DeleteMessageBatch: (call) => {
    const queue = queueOf(call);
    const entries = Array.isArray(call.input["Entries"]) ? (call.input["Entries"] as readonly Json[]) : [];
    if (entries.length === 0) throw new AwsFault("EmptyBatchRequest", 400, "There should be at least one entry.");
    const Successful = entries.map((entry) => {
      queue.delete(text(entry, "ReceiptHandle"));
      return { Id: text(entry, "Id") };
    });
    return { Successful, Failed: [] };
  },
  GetQueueAttributes: (call) => {
    const { depth, name, visibilityTimeoutMs } = queueOf(call);
    return {
      Attributes: {
        QueueArn: `arn:aws:sqs:${call.region}:${call.accountId}:${name}`,
        ApproximateNumberOfMessages: String(depth.visible),
        ApproximateNumberOfMessagesNotVisible: String(depth.inFlight),
        VisibilityTimeout: String(visibilityTimeoutMs / 1_000),
      },
    };
  },
  PurgeQueue: (call) => {
    queueOf(call).clear();
    return {};
  },
};

async function receiveMessage(call: SqsCall): Promise<Json> {
  const { input, signal } = call;
  const queue = queueOf(call);
  const max = whole(input, "MaxNumberOfMessages", 1, [1, MAX_RECEIVED]);
  const waitMs = whole(input, "WaitTimeSeconds", 0, [0, MAX_WAIT_SECONDS]) * 1_000;
  const visibilityMs = whole(input, "VisibilityTimeout", queue.visibilityTimeoutMs / 1_000, [0, 43_200]) * 1_000;
  if (waitMs > 0 && queue.depth.visible === 0) await queue.whenSent(waitMs, signal);
  if (signal.aborted) return {};
  const messages = queue.receive(max, visibilityMs);
  return messages.length === 0 ? {} : { Messages: messages };
}

function queueOf({ queues, input }: SqsCall): MessageQueue {
  return existing(queues.get(text(input, "QueueUrl").split("/").at(-1) ?? ""));
}

function existing(queue: MessageQueue | undefined): MessageQueue {
  if (queue !== undefined) return queue;
  throw new AwsFault("QueueDoesNotExist", 400, "The specified queue does not exist.");
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
