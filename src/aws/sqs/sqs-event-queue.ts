import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { EventQueue, QueueMessage } from "../../engine/drift/event-queue.ts";
import type { SqsQueueUrl } from "../../model/queue-url.ts";
import { createAwsCaller } from "../call/aws-call.ts";
import { type AwsClientOptions, commonClientConfig } from "../client/client-config.ts";
import { addHooks } from "../client/middleware.ts";

/** The longest that SQS allows, so that an idle queue costs three requests a minute. */
const WAIT_SECONDS = 20;
/** The maximum of SQS. */
const MAX_MESSAGES = 10;
/** Longer than the wait of a request that SQS answers with nothing. */
const RECEIVE_TIMEOUT_MS = (WAIT_SECONDS + 10) * 1_000;
/** Messages that a crashed process has received are visible to the next leader after this time. */
const VISIBILITY_SECONDS = 30;

/** One SQS queue. Sends no request before the first call. Without a rate limiter: SQS limits no standard queue. */
export class SqsEventQueue implements EventQueue {
  readonly name: string;
  readonly #url: string;
  readonly #client: SQSClient;
  readonly #call: ReturnType<typeof createAwsCaller>;

  constructor({ url, name, origin, region }: SqsQueueUrl, { limiter: _, ...options }: AwsClientOptions) {
    this.name = name;
    this.#url = url;
    const endpoint = options.endpoint ?? configuredEndpoint(process.env) ?? origin;
    const place = { ...options, endpoint, ...(region !== undefined && { region }) };
    // The connection is TLS, which finds what an MD5 of each message would.
    this.#client = new SQSClient({ ...commonClientConfig(place), md5: false });
    addHooks(this.#client, "SQS", options);
    const fetchCredentials = (): Promise<unknown> => this.#client.config.credentials();
    this.#call = createAwsCaller({ ...options, fetchCredentials }, "routine");
  }

  async receive(signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const input = {
      QueueUrl: this.#url,
      MaxNumberOfMessages: MAX_MESSAGES,
      WaitTimeSeconds: WAIT_SECONDS,
      VisibilityTimeout: VISIBILITY_SECONDS,
    };
    const { Messages = [] } = await this.#call(
      {
        ...this.#subject("ReceiveMessage"),
        isRead: true,
        timeoutMs: RECEIVE_TIMEOUT_MS,
        send: (abortSignal) => this.#client.send(new ReceiveMessageCommand(input), { abortSignal }),
      },
      signal,
    );
    return Messages.map(({ Body = "", ReceiptHandle = "" }) => ({ body: Body, receipt: ReceiptHandle }));
  }

  /** What SQS does not delete, it delivers again. */
  async delete(messages: readonly QueueMessage[], signal: AbortSignal): Promise<void> {
    const Entries = messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }));
    await this.#call(
      {
        ...this.#subject("DeleteMessageBatch"),
        isRead: true,
        send: (abortSignal) =>
          this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries }), { abortSignal }),
      },
      signal,
    );
  }

  /** Closes the kept-alive connections. */
  close(): void {
    this.#client.destroy();
  }

  #subject(operation: string): { readonly service: "SQS"; readonly operation: string; readonly entity: string } {
    return { service: "SQS", operation, entity: `queue ${this.name}` };
  }
}

/**
 * An endpoint of the environment precedes the host in the URL: what stands in for AWS has these queues too. The `endpoint_url` of a profile
 * does not, nor does it in the SDK, which sends the requests of a queue to the host in its URL.
 */
function configuredEndpoint({
  AWS_ENDPOINT_URL_SQS: ofSqs,
  AWS_ENDPOINT_URL: ofAll,
}: NodeJS.ProcessEnv): string | undefined {
  return ofSqs || ofAll || undefined;
}
