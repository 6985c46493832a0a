import { parseQueueUrl, type SqsQueueUrl } from "../../model/queue-url.ts";
import { UsageError } from "../io.ts";
import type { GivenOptions, OptionSpecs } from "../options.ts";

/** The option that names the queues of drift events. */
export const EVENT_QUEUE_OPTION: OptionSpecs = {
  "event-queue-url": {
    type: "string",
    multiple: true,
    value: "URL",
    help: "SQS queue of CloudTrail events, so that drift is repaired within seconds of its event; repeatable; with --shards, {shard} stands for the number of the shard; default: account scans alone find drift",
  },
};

/** In the URL of a queue, stands for the number of a shard. */
const SHARD = "{shard}";

/**
 * The queues of {@link EVENT_QUEUE_OPTION} for each shard, each once. Without shards there is one list. With shards, every shard has a
 * queue of its own that receives all events, because a message is received once, and its account can be of any shard.
 *
 * Errors: UsageError.
 */
export function eventQueueUrls(given: GivenOptions, shards: number): readonly (readonly SqsQueueUrl[])[] {
  const texts = given.list("event-queue-url");
  const shared = texts.find((text) => text.includes(SHARD) !== shards > 1);
  if (shared !== undefined) {
    const what =
      shards > 1
        ? `"${shared}" is one queue for ${shards} shards. Create a queue for each shard that receives all events, and write ${SHARD} for its number, from 0`
        : `"${shared}" has ${SHARD}, which needs --shards. Remove it`;
    throw new UsageError(`--event-queue-url: ${what}`);
  }
  return Array.from({ length: shards }, (_, shard) =>
    urlsOf(texts.map((text) => text.replaceAll(SHARD, String(shard)))),
  );
}

/** The names of the queues of all shards: no class receives from one of them. */
export function reservedQueueNames({
  eventQueues = [],
  shardEventQueues = [],
}: {
  readonly eventQueues?: readonly SqsQueueUrl[];
  readonly shardEventQueues?: readonly (readonly SqsQueueUrl[])[];
}): ReadonlySet<string> {
  return new Set([...eventQueues, ...shardEventQueues.flat()].map(({ name }) => name));
}

function urlsOf(texts: readonly string[]): readonly SqsQueueUrl[] {
  const urls = texts.map((text) => {
    const url = parseQueueUrl(text);
    if (url !== undefined) return url;
    const example = "https://sqs.us-east-1.amazonaws.com/123456789012/drift-events";
    throw new UsageError(`--event-queue-url: "${text}" is not the URL of an SQS queue; write for example ${example}`);
  });
  return [...new Map(urls.map((queue) => [queue.name, queue])).values()];
}
