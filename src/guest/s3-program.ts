/**
 * What runs on an instance in the sandbox's story: a program with an S3 client of the AWS SDK that nobody has configured. It
 * is a process of its own, as the SDK looks for credentials in a process's environment and ends at the metadata service.
 * It takes orders as JSON, one a line, and answers each with a line of JSON, until its input ends.
 */
import { createInterface } from "node:readline";
import { DeleteBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";

/** What the program can be told to do. */
export type GuestOrder =
  | { readonly operation: "ListBuckets" }
  | { readonly operation: "DeleteBucket"; readonly bucket: string };

/** What became of an order: the names of the buckets where it asked for them, or AWS's error. */
export type GuestReply =
  | { readonly isDone: true; readonly buckets: readonly string[] }
  | { readonly isDone: false; readonly code: string; readonly message: string };

const client = new S3Client();

/** The SDK gives the metadata service one second, once; a machine that is busy starting needs more. */
const MAX_ATTEMPTS = 8;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await insist(JSON.parse(line) as GuestOrder))}\n`);
}

/** Asks again while no credentials come: where there are none, it is told so at once each time. */
async function insist(order: GuestOrder, attempt = 1): Promise<GuestReply> {
  const reply = await carryOut(order);
  const isTimeout = !reply.isDone && reply.code === "CredentialsProviderError";
  return isTimeout && attempt < MAX_ATTEMPTS ? insist(order, attempt + 1) : reply;
}

async function carryOut(order: GuestOrder): Promise<GuestReply> {
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
