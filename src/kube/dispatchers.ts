import { createHash } from "node:crypto";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { TlsMaterial } from "./credentials.ts";

/**
 * Which connections a request may use. A stuck one in one lane holds up nobody in another:
 * - `api`: short requests, on up to 16 connections that are kept for the next request.
 * - `watch`: streams that may be quiet for minutes, one connection each.
 * - `lease`: the few short requests that decide who leads.
 */
export type Lane = "api" | "watch" | "lease";

/** Time limits on the connections themselves, ms. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  /** From the request to the first line of the answer. */
  readonly headersMs: number;
  /** Between two pieces of an answer; a watch has its own alarm for silence. */
  readonly bodyMs: number;
}

/** An API server that needs longer than this for a page of a list is not well. */
export const defaultConnectionTimeouts: ConnectionTimeouts = { connectMs: 10_000, headersMs: 30_000, bodyMs: 30_000 };

/**
 * undici's dispatchers, made here rather than by client-node, which makes one per request: 20 requests, 20 TLS handshakes.
 *
 * Guarantees: one dispatcher per lane for as long as the certificates stay the same. HTTP/1.1 only: over HTTP/2 every later
 * request would join the one session whose connection has died, and undici does not notice a ping that stays unanswered.
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

  /** The lane's dispatcher; a new one, for all lanes, when the certificates are not those of the last call. */
  get(lane: Lane, tls: TlsMaterial): Dispatcher {
    const fingerprint = fingerprintOf(tls);
    if (fingerprint !== this.#fingerprint) this.#retireAll();
    this.#fingerprint = fingerprint;
    const dispatcher = this.#lanes.get(lane) ?? this.#make(lane, tls);
    this.#lanes.set(lane, dispatcher);
    return dispatcher;
  }

  /** After a time-out: the lane's other idle connections may be as dead as this one, so none of them is used again. */
  replace(lane: Lane, dispatcher: Dispatcher): void {
    if (this.#lanes.get(lane) !== dispatcher) return;
    this.#lanes.delete(lane);
    this.#retire(dispatcher);
  }

  /** Ends every connection, whatever is under way on it. */
  async close(): Promise<void> {
    const all = [...this.#lanes.values(), ...this.#retired];
    this.#lanes.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #retireAll(): void {
    for (const dispatcher of this.#lanes.values()) this.#retire(dispatcher);
    this.#lanes.clear();
  }

  /** Idle connections close now, busy ones when their requests, all of which have a limit, are over. */
  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher);
    const forget = (): void => void this.#retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  #make(lane: Lane, tls: TlsMaterial): Dispatcher {
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

/** Of the bytes, not of the paths: a rotated certificate is another one. */
function fingerprintOf(tls: TlsMaterial): string {
  const hash = createHash("sha256");
  for (const [name, value] of Object.entries(tls)) hash.update(`${name}:${String(value)};`);
  return hash.digest("base64");
}
