/**
 * A program on a sandbox instance: an S3 client of the AWS SDK without any configuration. It is a process of its own because
 * the SDK looks for credentials in the process's environment before it uses the metadata service. It reads requests as JSON
 * lines from standard input, and answers each with a JSON line, until its input ends.
 */
import { createInterface } from "node:readline";
import { DeleteBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";

/** A request that the program sends to AWS. */
type AwsOrder = { readonly operation: "ListBuckets" } | { readonly operation: "DeleteBucket"; readonly bucket: string };

/** A request to the program. `KeepListing` lists the buckets every 200 ms from then on; `Report` says how that went. */
export type GuestOrder = AwsOrder | { readonly operation: "KeepListing" } | { readonly operation: "Report" };

/** The result of a request: the names of the buckets for `ListBuckets`, or AWS's error. */
export type GuestReply =
  | { readonly isDone: true; readonly buckets: readonly string[]; readonly report?: GuestReport }
  | { readonly isDone: false; readonly code: string; readonly message: string };

/** How the requests since the last `KeepListing` went. */
export interface GuestReport {
  readonly requests: number;
  /** Those that AWS refused, or that had no credentials. */
  readonly refused: number;
  /** The access key ids with which the client has signed requests, in the order of their first use. */
  readonly accessKeyIds: readonly string[];
}

const client = new S3Client();

/** The SDK waits for the metadata service for one second, once; a busy machine needs more. */
const MAX_ATTEMPTS = 8;
const LIST_INTERVAL_MS = 200;

const accessKeyIds = new Set<string>();
let listings = { requests: 0, refused: 0 };
let timer: NodeJS.Timeout | undefined;

// Reads what the SDK has signed, and changes nothing.
client.middlewareStack.add(
  (next) => (args) => {
    const { headers } = args.request as { readonly headers: Readonly<Record<string, string>> };
    const [, accessKeyId] = /Credential=([^/]+)/.exec(headers["authorization"] ?? "") ?? [];
    if (accessKeyId !== undefined) accessKeyIds.add(accessKeyId);
    return next(args);
  },
  { name: "observeAccessKey", step: "finalizeRequest", priority: "low" },
);

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line) as GuestOrder))}\n`);
}

async function carryOut(order: GuestOrder): Promise<GuestReply> {
  switch (order.operation) {
    case "KeepListing":
      clearInterval(timer);
      listings = { requests: 0, refused: 0 };
      timer = setInterval((counts) => void list(counts), LIST_INTERVAL_MS, listings);
      timer.unref();
      return { isDone: true, buckets: [] };
    case "Report":
      return { isDone: true, buckets: [], report: { ...listings, accessKeyIds: [...accessKeyIds] } };
    default:
      return sendWithRetry(order);
  }
}

async function list(counts: typeof listings): Promise<void> {
  const { isDone } = await sendWithRetry({ operation: "ListBuckets" });
  counts.requests += 1;
  if (!isDone) counts.refused += 1;
}

/** Retries while no credentials are available. Without an instance role, the metadata service answers at once each time. */
async function sendWithRetry(order: AwsOrder, attempt = 1): Promise<GuestReply> {
  const reply = await send(order);
  const isTimeout = !reply.isDone && reply.code === "CredentialsProviderError";
  return isTimeout && attempt < MAX_ATTEMPTS ? sendWithRetry(order, attempt + 1) : reply;
}

async function send(order: AwsOrder): Promise<GuestReply> {
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
