/**
 * A program on a sandbox instance: an S3 client of the AWS SDK without any configuration. It is a process of its own because
 * the SDK looks for credentials in the process's environment before it uses the metadata service. It reads requests as JSON
 * lines from standard input, and answers each with a JSON line, until its input ends.
 */
import { createInterface } from "node:readline";
import { DeleteBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";

/** A request to the program. */
export type GuestOrder =
  | { readonly operation: "ListBuckets" }
  | { readonly operation: "DeleteBucket"; readonly bucket: string };

/** The result of a request: the names of the buckets for `ListBuckets`, or AWS's error. */
export type GuestReply =
  | { readonly isDone: true; readonly buckets: readonly string[] }
  | { readonly isDone: false; readonly code: string; readonly message: string };

const client = new S3Client();

/** The SDK waits for the metadata service for one second, once; a busy machine needs more. */
const MAX_ATTEMPTS = 8;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await sendWithRetry(JSON.parse(line) as GuestOrder))}\n`);
}

/** Retries while no credentials are available. Without an instance role, the metadata service answers at once each time. */
async function sendWithRetry(order: GuestOrder, attempt = 1): Promise<GuestReply> {
  const reply = await send(order);
  const isTimeout = !reply.isDone && reply.code === "CredentialsProviderError";
  return isTimeout && attempt < MAX_ATTEMPTS ? sendWithRetry(order, attempt + 1) : reply;
}

async function send(order: GuestOrder): Promise<GuestReply> {
  try {
    if (order.operation === "ListBuckets") {
      const { Buckets = [] } = await client.send(new ListBucketsCommand());
      return { isDone: true, buckets: Buckets.flatMap(({ Name }) => Name ?? []) };
    }
    await client.send(new DeleteBucketCommand({ Bucket: order.bucket }));
    return { isDone: true, buckets: [] };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { isDone: false, code: name, message };
  }
}
