import { RetryableError } from "../errors.ts";
import type { Lane } from "./dispatchers.ts";

/** One request to the API server. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PATCH";
  /** Path from the root of the server, without query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Body that is sent as JSON with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default: `application/json`. */
  readonly accept?: string;
  readonly lane: Lane;
  readonly signal: AbortSignal;
  /** Maximum size of a JSON response; unlimited if undefined. */
  readonly maxBytes?: number;
}

/** The response is larger than the request's `maxBytes`. */
export class OversizeAnswerError extends RetryableError {
  constructor(maxBytes: number) {
    super(`The response of the API server exceeds ${maxBytes} bytes`, { reason: "OversizeAnswer" });
  }
}

/**
 * A response with any status code:
 * - `json`: complete. A body that is not JSON is passed as text.
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

/** Sends a request and returns the response. Errors: RetryableError without a response; the signal's reason. */
export type Exchange = (request: KubeRequest) => Promise<KubeResponse>;

/** Middleware between callers and the network; for metrics and fault injection. */
export type Intercept = (next: Exchange) => Exchange;
