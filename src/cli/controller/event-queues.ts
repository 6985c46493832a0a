import { parseQueueUrl, type SqsQueueUrl } from "../../aws/sqs/queue-url.ts";
import { UsageError } from "../io.ts";
import type { GivenOptions, OptionSpecs } from "../options.ts";

/** The option that names the queues of drift events. */
export const EVENT_QUEUE_OPTION: OptionSpecs = {
  "event-queue-url": {
    type: "string",
    multiple: true,
    value: "URL",
    help: "SQS queue of CloudTrail events, so that drift is repaired within seconds of its event; repeatable; default: account scans alone find drift",
  },
};

/** The queues of {@link EVENT_QUEUE_OPTION}, each once. Errors: UsageError. */
export function eventQueueUrls(given: GivenOptions): readonly SqsQueueUrl[] {
  const urls = given.list("event-queue-url").map((text) => {
    const url = parseQueueUrl(text);
    if (url !== undefined) return url;
    const example = "https://sqs.us-east-1.amazonaws.com/123456789012/drift-events";
    throw new UsageError(`--event-queue-url: "${text}" is not the URL of an SQS queue; write for example ${example}`);
  });
  return [...new Map(urls.map((queue) => [queue.url, queue])).values()];
}
