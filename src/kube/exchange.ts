import { RetryableError } from "../errors.ts";
import type { Lane } from "./dispatchers.ts";

/** One request to the API server. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PATCH";
  /** From the root of the server, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON; sent with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly lane: Lane;
  readonly signal: AbortSignal;
  /** The answer, when it is one of JSON, may have so many bytes; any number when undefined. */
  readonly maxBytes?: number;
}

/** The answer has more bytes than the request wants. */
export class OversizeAnswerError extends RetryableError {
  constructor(maxBytes: number) {
    super(`The API server sent an answer of more than ${maxBytes} bytes`, { reason: "OversizeAnswer" });
  }
}

/**
 * An answer, whatever its status code:
 * - `json`: complete. A body that is not JSON is given as its text.
 * - `stream`: a 2xx in the watch lane. Read `chunks` to the end, or leave the loop, which closes the connection.
 */
export type KubeResponse =
  | {
      readonly kind: "json";
      readonly statusCode: number;
      readonly body: unknown;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: "stream"; readonly statusCode: number; readonly chunks: AsyncIterable<Uint8Array> };

/** Sends a request and resolves with the answer. Errors: RetryableError for what is no answer; the signal's reason. */
export type Exchange = (request: KubeRequest) => Promise<KubeResponse>;

/** Stands between callers and the network: counts, measures, drops requests, loses answers. */
export type Intercept = (next: Exchange) => Exchange;
