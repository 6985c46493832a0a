import { RetryableError } from "../errors.ts";

/** Larger than any object in etcd (1.5 MiB by default), with a margin for servers with a higher limit. */
const MAX_LINE_BYTES: number = 8 * 1024 * 1024;

/** The response violates the protocol. */
export class MalformedStreamError extends RetryableError {
  constructor(message: string, cause?: unknown) {
    super(message, { reason: "MalformedResponse", cause });
  }
}

const NEWLINE = 0x0a;

/**
 * Splits a byte stream into lines at LF only: U+2028 is valid within a JSON string. Skips empty lines.
 *
 * Errors: MalformedStreamError for a line above `maxBytes`; RetryableError when the stream ends within a line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let partialBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = parts.length === 1 ? chunk.subarray(start, end) : Buffer.concat(parts);
      refuseOversize(line.length, maxBytes);
      if (line.length > 0) yield line;
      parts = [];
      partialBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    partialBytes += chunk.length - start;
    refuseOversize(partialBytes, maxBytes);
  }
  if (partialBytes > 0) {
    throw new RetryableError("The connection ended in the middle of a line", { reason: "ConnectionLost" });
  }
}

function refuseOversize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new MalformedStreamError(`The API server sent a line of more than ${maxBytes} bytes`);
}
