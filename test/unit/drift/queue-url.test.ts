import { expect, test } from "vitest";
import { eventQueueUrls, reservedQueueNames } from "../../../src/cli/controller/event-queues.ts";
import type { GivenOptions } from "../../../src/cli/options.ts";
import { parseQueueUrl } from "../../../src/model/queue-url.ts";

test.each([
  ["https://sqs.us-east-1.amazonaws.com/123456789012/drift-events", "us-east-1"],
  ["https://sqs.us-gov-west-1.amazonaws.com/123456789012/drift", "us-gov-west-1"],
  ["https://sqs.cn-north-1.amazonaws.com.cn/123456789012/drift", "cn-north-1"],
  ["https://sqs-fips.us-west-2.amazonaws.com/123456789012/drift", "us-west-2"],
  ["https://sqs.eu-west-1.api.aws/123456789012/drift", "eu-west-1"],
  ["https://vpce-0123-abcd.sqs.us-east-1.vpce.amazonaws.com/123456789012/drift", "us-east-1"],
  ["https://eu-west-1.queue.amazonaws.com/123456789012/drift", "eu-west-1"],
  ["https://cn-north-1.queue.amazonaws.com.cn/123456789012/drift", "cn-north-1"],
  ["https://queue.amazonaws.com/123456789012/drift", "us-east-1"],
  ["https://queue.amazonaws.com.example.com/123456789012/drift", undefined],
  ["https://queue.example.com:8443/123456789012/drift", undefined],
  ["http://127.0.0.1:4566/123456789012/drift", undefined],
])("%s is a queue of region %s", (text, region) => {
  expect(parseQueueUrl(text)).toMatchObject({ url: text, region, origin: new URL(text).origin });
  expect(parseQueueUrl(text)?.name).toBe(`${region ?? new URL(text).host}${new URL(text).pathname}`);
});

test("a URL with blanks around it, or with its host in capitals, is the same queue", () => {
  const url = "https://sqs.us-east-1.amazonaws.com/123456789012/drift-events";
  const written = [` ${url}\n`, url.replace("sqs", "SQS"), url];
  expect(written.map((text) => parseQueueUrl(text)?.url)).toEqual([url, url, url]);
});

test("a queue that is written with several hosts is polled once", () => {
  const hosts = [
    ...["sqs.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com.", "vpce-0-a.sqs.us-east-1.vpce.amazonaws.com"],
    ...["us-east-1.queue.amazonaws.com", "queue.amazonaws.com", "queue.amazonaws.com."],
  ];
  const given = { list: () => hosts.map((host) => `https://${host}/123456789012/drift`) } as unknown as GivenOptions;
  expect(eventQueueUrls(given, 1)[0]?.map(({ name }) => name)).toEqual(["us-east-1/123456789012/drift"]);
});

test("the queues of every shard are kept from classes, and those of a controller without shards", () => {
  const given = { list: () => ["https://sqs.us-east-1.amazonaws.com/123456789012/drift-{shard}"] };
  const shardEventQueues = eventQueueUrls(given as unknown as GivenOptions, 2);
  const names = ["us-east-1/123456789012/drift-0", "us-east-1/123456789012/drift-1"];
  expect([...reservedQueueNames({ shardEventQueues })]).toEqual(names);
  expect([...reservedQueueNames({ eventQueues: shardEventQueues.flat() })]).toEqual(names);
});

test("the dot at the end of a host does not go into requests", () => {
  const parsed = parseQueueUrl("https://sqs.us-east-1.amazonaws.com./123456789012/drift");
  expect(parsed).toEqual(parseQueueUrl("https://sqs.us-east-1.amazonaws.com/123456789012/drift"));
});

test("queues of the same name in several regions have names of their own, so that the metrics of one do not hide the other", () => {
  const names = ["us-east-1", "eu-west-1"].map(
    (region) => parseQueueUrl(`https://sqs.${region}.amazonaws.com/123456789012/drift-events`)?.name,
  );
  expect(names).toEqual(["us-east-1/123456789012/drift-events", "eu-west-1/123456789012/drift-events"]);
});

test.each([
  "drift-events",
  "arn:aws:sqs:us-east-1:123456789012:drift-events",
  "http://sqs.us-east-1.amazonaws.com/123456789012/drift-events",
  "https://sqs.us-east-1.amazonaws.com/drift-events",
  "https://sqs.us-east-1.amazonaws.com/123456789012/drift-events?x=1",
  "https://user:password@sqs.us-east-1.amazonaws.com/123456789012/drift-events",
  "ftp://127.0.0.1/123456789012/drift-events",
  "https://sqs.us-east-1.amazonaws.com/123456789012/drift/events",
])("%s is none", (text) => expect(parseQueueUrl(text)).toBeUndefined());
