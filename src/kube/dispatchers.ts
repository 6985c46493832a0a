import { createHash } from "node:crypto";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { TlsMaterial } from "./credentials.ts";

/**
 * The connection pool of a request. A stuck connection in one lane does not block another lane:
 * - `api`: short requests, on up to 16 kept-alive connections.
 * - `watch`: streams that can be silent for minutes, one connection each.
 * - `lease`: the short requests of leader election.
 */
export type Lane = "api" | "watch" | "lease";

/** Time limits of connections, ms. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  /** From the request to the first line of the response. */
  readonly headersMs: number;
  /** Between two chunks of a response body; watches detect silence separately. */
  readonly bodyMs: number;
}

/** Generous limits: a healthy API server needs less for a page of a list. */
export const DEFAULT_CONNECTION_TIMEOUTS: ConnectionTimeouts = { connectMs: 10_000, headersMs: 30_000, bodyMs: 30_000 };

/**
 * The undici dispatchers of each lane. client-node would create one per request, with a TLS handshake each.
 *
 * Guarantees: one dispatcher per lane while the certificates stay the same. HTTP/1.1 only: over HTTP/2 all requests share a
 * session, and undici does not notice when its connection is dead.
 */
export class Dispatchers {
  readonly #timeouts: ConnectionTimeouts;
  readonly #proxyUrl: string | undefined;
  #fingerprint = "";
  readonly #lanes = new Map<Lane, Dispatcher>();
  readonly #retired = new Set<Dispatcher>();

  constructor(timeouts: ConnectionTimeouts, proxyUrl?: string) {
    this.#timeouts = timeouts;
    this.#proxyUrl = proxyUrl;
  }

  /** Returns the lane's dispatcher. Changed certificates replace the dispatchers of all lanes. */
  get(lane: Lane, tls: TlsMaterial): Dispatcher {
    const fingerprint = fingerprintOf(tls);
    if (fingerprint !== this.#fingerprint) this.#retireAll();
    this.#fingerprint = fingerprint;
    const dispatcher = this.#lanes.get(lane) ?? this.#create(lane, tls);
    this.#lanes.set(lane, dispatcher);
    return dispatcher;
  }

  /** Replaces a dispatcher after a timeout: other idle connections of the lane can be dead too. */
  replace(lane: Lane, dispatcher: Dispatcher): void {
    if (this.#lanes.get(lane) !== dispatcher) return;
    this.#lanes.delete(lane);
    this.#retire(dispatcher);
  }

  /** Ends every connection, including those with requests in flight. */
  async close(): Promise<void> {
    const all = [...this.#lanes.values(), ...this.#retired];
    this.#lanes.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #retireAll(): void {
    for (const dispatcher of this.#lanes.values()) this.#retire(dispatcher);
    this.#lanes.clear();
  }

  /** Closes idle connections now, and busy ones when their requests end, all of which have a time limit. */
  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher);
    const forget = (): void => void this.#retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  #create(lane: Lane, tls: TlsMaterial): Dispatcher {
    const { connectMs, headersMs, bodyMs } = this.#timeouts;
    const options = {
      allowH2: false,
      connections: lane === "api" ? 16 : null,
      headersTimeout: headersMs,
      bodyTimeout: lane === "watch" ? 0 : bodyMs,
      keepAliveTimeout: 30_000,
      connect: { ...tls, timeout: connectMs, keepAlive: true, keepAliveInitialDelay: 30_000 },
    };
    if (this.#proxyUrl === undefined) return new Agent(options);
    return new ProxyAgent({ ...options, uri: this.#proxyUrl, requestTls: options.connect });
  }
}

/** Hashes the certificate contents, not their paths, so that rotated files differ. */
function fingerprintOf(tls: TlsMaterial): string {
  const hash = createHash("sha256");
  for (const [name, value] of Object.entries(tls)) hash.update(`${name}:${String(value)};`);
  return hash.digest("base64");
}
