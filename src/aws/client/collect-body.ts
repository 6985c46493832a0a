/** The body of a reply as a stream, as far as this module uses it. */
export interface ReplyStream {
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
  /** Why it was destroyed; unset or null: for no error. */
  readonly errored?: Error | null;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * Reads the body of a reply to its end. The SDK has a collector of its own, which pipes each reply into another stream: a sixth of what a
 * short request costs.
 *
 * Errors: those of the stream.
 */
export function collectBody(stream: ReplyStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.on("close", () => {
      if (!stream.readableEnded) reject(cutOff());
    });
    // It may have reported its end before anything listened. The listeners stay: an error without one ends the process.
    if (stream.destroyed) reject(stream.errored ?? cutOff());
  });
}

function cutOff(): Error {
  return Object.assign(new Error("The reply was cut off"), { code: "ECONNRESET" });
}
