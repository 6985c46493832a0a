import type { IncomingMessage } from "node:http";

import { tooLarge } from "../status-error.ts";

/** Larger than etcd takes, as in the API server: 3 MiB. */
const limitBytes = 3 * 1024 * 1024;

/** Reads a request's body whole; raises 413 when it is too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size <= limitBytes) chunks.push(bytes);
  }
  if (size > limitBytes) throw tooLarge(`limit is ${limitBytes}`);
  return Buffer.concat(chunks);
}
