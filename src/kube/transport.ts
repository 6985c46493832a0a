import type { Dispatcher } from "undici";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { CredentialSource } from "./credentials.ts";
import { type ConnectionTimeouts, DEFAULT_CONNECTION_TIMEOUTS, Dispatchers } from "./dispatchers.ts";
import { type Exchange, type Intercept, type KubeRequest, type KubeResponse, OversizeAnswerError } from "./exchange.ts";
import type { KubeCluster } from "./kube-config.ts";
import {
  isClosedConnection,
  isTimeout,
  RequestTimeoutError,
  toCredentialsError,
  toNetworkError,
} from "./network-error.ts";
import { type ResendOptions, resendOnRetryAfter, retryAfterMsOf } from "./resend.ts";

/** Dependencies of a Transport. */
export interface TransportOptions {
  readonly cluster: KubeCluster;
  readonly clock: Clock;
  /** Program version, for the User-Agent. */
  readonly version: string;
  /** Time limit of a whole exchange, ms; in the `watch` lane of its headers. */
  readonly requestTimeoutMs?: number;
  readonly connectionTimeouts?: Partial<ConnectionTimeouts>;
  readonly intercept?: Intercept;
  /** See {@link ResendOptions}. */
  readonly onResend?: ResendOptions["onResend"];
  /** See {@link ResendOptions}. */
  readonly mayResendWrites?: ResendOptions["mayResendWrites"];
}

const DEFAULT_REQUEST_TIMEOUT_MS = 45_000;

/**
 * JSON over HTTP to one API server, with a kubeconfig's credentials.
 *
 * Guarantees: every exchange ends, with its response, its time limit or its signal. Unreadable credentials fail only that
 * request. A 401 re-reads the credentials and resends once. A read on a closed kept-alive connection is resent once; a write
 * never is. Requests that the server rejects for overload are resent by {@link resendOnRetryAfter}.
 */
export class Transport {
  /** Sends a request through the intercept, if there is one, as each resend does. */
  readonly exchange: Exchange;
  /** Base URL; servers behind a proxy such as Rancher's have a path. */
  readonly #server: URL;
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #dispatchers: Dispatchers;

  constructor(options: TransportOptions) {
    this.#server = new URL(options.cluster.server);
    this.#credentials = options.cluster.credentials;
    this.#clock = options.clock;
    this.#userAgent = `instance-profile-controller/${options.version}`;
    this.#timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const timeouts = { ...DEFAULT_CONNECTION_TIMEOUTS, ...options.connectionTimeouts };
    this.#dispatchers = new Dispatchers(timeouts, options.cluster.proxyUrl);
    const send: Exchange = (request) => this.#send(request);
    const { clock, intercept, onResend, mayResendWrites } = options;
    this.exchange = resendOnRetryAfter(intercept?.(send) ?? send, {
      clock,
      ...(onResend !== undefined && { onResend }),
      ...(mayResendWrites !== undefined && { mayResendWrites }),
    });
  }

  /** Ends every connection; requests in flight fail. */
  close(): Promise<void> {
    return this.#dispatchers.close();
  }

  async #send(request: KubeRequest): Promise<KubeResponse> {
    const response = await this.#sendTwiceIfClosed(request);
    if (response.statusCode !== 401 || !this.#credentials.invalidate()) return response;
    // A 401 means that nothing was done, so resending with fresh credentials is safe for writes too.
    return this.#sendTwiceIfClosed(request);
  }

  async #sendTwiceIfClosed(request: KubeRequest): Promise<KubeResponse> {
    try {
      return await this.#attempt(request);
    } catch (error) {
      const canResend =
        request.method === "GET" &&
        error instanceof Error &&
        isClosedConnection(error.cause) &&
        !request.signal.aborted;
      if (!canResend) throw error;
      return this.#attempt(request);
    }
  }

  async #attempt(request: KubeRequest): Promise<KubeResponse> {
    const deadline = new Deadline(request.signal, this.#timeoutMs, this.#clock);
    try {
      const { headers, tls } = await deadline.wait(this.#credentials.current()).catch((error: unknown) => {
        request.signal.throwIfAborted();
        throw toCredentialsError(error);
      });
      const dispatcher = this.#dispatchers.get(request.lane, tls);
      // undici reports the abort of a request that waits for its connection only once the connection is open or has failed.
      return await deadline.wait(this.#dispatch(request, headers, dispatcher, deadline)).catch((error: unknown) => {
        throw this.#networkError(error, request, dispatcher);
      });
    } catch (error) {
      deadline.release();
      throw error;
    }
  }

  async #dispatch(
    request: KubeRequest,
    credentials: Readonly<Record<string, string>>,
    dispatcher: Dispatcher,
    deadline: Deadline,
  ): Promise<KubeResponse> {
    const hasBody = request.body !== undefined;
    const { statusCode, headers, body } = await dispatcher.request({
      origin: this.#server.origin,
      path: this.#pathOf(request),
      method: request.method,
      headers: {
        accept: request.accept ?? "application/json",
        "user-agent": this.#userAgent,
        ...(hasBody && { "content-type": request.contentType ?? "application/json" }),
        ...credentials,
      },
      body: hasBody ? JSON.stringify(request.body) : null,
      signal: deadline.signal,
    });
    if (request.lane === "watch" && statusCode < 300) {
      deadline.stopClock();
      return { kind: "stream", statusCode, chunks: this.#chunksOf(body, request, dispatcher, deadline) };
    }
    const text = await textOf(body, request.maxBytes);
    deadline.release();
    const retryAfterMs = retryAfterMsOf(headers["retry-after"], this.#clock.nowMs());
    return { kind: "json", statusCode, body: parseOrText(text), retryAfterMs };
  }

  async *#chunksOf(
    body: AsyncIterable<Uint8Array>,
    request: KubeRequest,
    dispatcher: Dispatcher,
    deadline: Deadline,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#networkError(error, request, dispatcher);
    } finally {
      deadline.release();
    }
  }

  #networkError(error: unknown, request: KubeRequest, dispatcher: Dispatcher): unknown {
    // Leader election cuts its requests off before their time limit; the next one must not use the same connection.
    const isAbortedLease = request.lane === "lease" && request.signal.aborted;
    if (error instanceof OversizeAnswerError) return error;
    if (isTimeout(error) || isAbortedLease) this.#dispatchers.replace(request.lane, dispatcher);
    // The caller's own abort is not a network error.
    return request.signal.aborted ? request.signal.reason : toNetworkError(error, this.#server.origin);
  }

  #pathOf(request: KubeRequest): string {
    const prefix = this.#server.pathname.replace(/\/$/, "");
    const query = new URLSearchParams(request.query).toString();
    return query === "" ? `${prefix}${request.path}` : `${prefix}${request.path}?${query}`;
  }
}

/** Reads the text of a body of at most `maxBytes`. Errors: OversizeAnswerError. */
async function textOf(body: Dispatcher.ResponseData["body"], maxBytes: number | undefined): Promise<string> {
  if (maxBytes === undefined) return body.text();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OversizeAnswerError(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A caller's signal combined with a time limit. Without `release`, the caller's signal keeps a reference to it. */
export class Deadline {
  readonly #caller: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: Timer;
  readonly #onCallerAbort: () => void;

  constructor(caller: AbortSignal, timeoutMs: number, clock: Clock) {
    this.#caller = caller;
    this.#onCallerAbort = () => this.#abort.abort(caller.reason);
    this.#timer = clock.schedule(timeoutMs, () => this.#abort.abort(new RequestTimeoutError(timeoutMs)));
    if (caller.aborted) this.#onCallerAbort();
    else caller.addEventListener("abort", this.#onCallerAbort, { once: true });
  }

  /** Aborts with the caller's signal, or at the time limit. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Cancels the time limit; only the caller's signal remains. */
  stopClock(): void {
    this.#timer.cancel();
  }

  /** Removes the timer and the listener. */
  release(): void {
    this.#timer.cancel();
    this.#caller.removeEventListener("abort", this.#onCallerAbort);
  }

  /** Waits for the promise, or rejects when the signal aborts first. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      this.signal.addEventListener("abort", onAbort, { once: true });
      promise.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", onAbort));
    });
  }
}
