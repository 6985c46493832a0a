import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { readChangeEvent } from "../../../src/engine/drift/change-event.ts";
import type { EventQueue } from "../../../src/engine/drift/event-queue.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../../src/model/queue-url.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";

const { signal } = new AbortController();

let aws: AwsSandbox;
let connection: AwsConnection;
let queue: EventQueue;
let url: SqsQueueUrl;

beforeAll(async () => {
  aws = await startAwsSandbox();
  url = parseQueueUrl(`${aws.url}/${aws.accountId}/drift-events`) as SqsQueueUrl;
});
beforeEach(() => {
  aws.reset();
  connection?.close();
  connection = connectAws({
    clock: systemClock,
    version: "test",
    region: "us-east-1",
    credentials: { accessKeyId: "controller", secretAccessKey: "test" },
  });
  queue = connection.eventQueue(url);
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

test("a change in AWS wakes the receiver that waits for it, and its event says what was changed and by whom", async () => {
  const waiting = queue.receive(signal);
  await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
  const [message] = await waiting;
  expect(readChangeEvent(message?.body ?? "")).toMatchObject({
    kind: "change",
    event: { action: "CreateRole", accountId: aws.accountId, touched: [{ entity: "role app" }] },
  });
});

test("a message is delivered until it is deleted, ten at a time", async () => {
  for (let i = 0; i < 12; i += 1) {
    await outsider(aws.url, "CreateRole", { RoleName: `app-${i}`, AssumeRolePolicyDocument: EC2_TRUST });
  }
  const [first, second] = [await queue.receive(signal), await queue.receive(signal)];
  expect([first.length, second.length]).toEqual([10, 2]);
  await queue.delete(first, signal);
  await queue.delete(second, signal);
  expect(aws.calls.matching({ service: "sqs" }).map(({ action, result }) => `${action} ${result}`)).toEqual([
    ...["ReceiveMessage OK", "ReceiveMessage OK", "DeleteMessageBatch OK", "DeleteMessageBatch OK"],
  ]);
});

test("a queue that is closed leaves no connection, and the next receiver opens one", async () => {
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 0 }, (_, response) => response.end("{}")).on(
    "connection",
    (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    },
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const local = parseQueueUrl(`http://127.0.0.1:${port}/${aws.accountId}/drift-events`) as SqsQueueUrl;
  const closable = connection.eventQueue(local);
  expect([await closable.receive(signal), sockets.size]).toEqual([[], 1]);
  closable.close?.();
  await Promise.all([...sockets].map((socket) => once(socket, "close")));
  expect(connection.eventQueue(local)).not.toBe(closable);
  expect([await connection.eventQueue(local).receive(signal), sockets.size]).toEqual([[], 1]);
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
});

test("a receiver that stops does not wait for a message", async () => {
  const stop = new AbortController();
  const waiting = queue.receive(stop.signal);
  stop.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
});

test.each([
  ["is not authorized", () => aws.denyActions.add("sqs:ReceiveMessage"), "AccessDenied"],
  [
    "has no such queue",
    () => {
      queue = connection.eventQueue(parseQueueUrl(`${aws.url}/${aws.accountId}/gone`) as SqsQueueUrl);
    },
    "QueueNotFound",
  ],
])("a receiver that %s fails with a reason", async (_, act, reason) => {
  act();
  await expect(queue.receive(signal)).rejects.toMatchObject({
    reason,
    message: expect.stringContaining(`queue ${queue.name}`),
  });
});
