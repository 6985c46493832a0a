import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import { TokenFile } from "./token-file.ts";

/** What a TLS connection to the API server is made with. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Who we are to the API server, for one request. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** Where credentials come from; they may change from one request to the next. */
export interface CredentialSource {
  /** Errors: whatever keeps the credentials from being read; a later call tries anew. */
  current(): Promise<Credentials>;
  /** The server refused them: forget what is cached. False when that happened just before and would not help again. */
  invalidate(): boolean;
}

/** One user of one cluster, as client-node understands them, and the token file that it does not. */
export interface KubeIdentity {
  readonly kubeConfig: KubeConfig;
  readonly tokenFile: string | undefined;
}

/** An exec plugin that has not answered for so long is asked anew. */
const staleReadMs = 60_000;
const betweenInvalidationsMs = 10_000;

/**
 * Credentials of a kubeconfig: client certificates, tokens, token files, basic auth and exec plugins. Certificates are read
 * for every request, so that rotated files are noticed; exec plugins are asked again when their credential expires.
 *
 * client-node would read token files itself, but neither trims them, nor re-reads them when they are refused, nor knows
 * the kubeconfig field `tokenFile`; so its own handling is not used.
 */
export class KubeConfigCredentials implements CredentialSource {
  readonly #load: () => KubeIdentity;
  readonly #clock: Clock;
  #identity: KubeIdentity;
  #tokenFile: TokenFile | undefined;
  #reading: { readonly credentials: Promise<Credentials>; readonly sinceMs: number } | undefined;
  #invalidatedMs = Number.NEGATIVE_INFINITY;

  /** `load` is called once now and again whenever the server has refused the credentials. */
  constructor(load: () => KubeIdentity, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
    this.#identity = load();
    this.#tokenFile = tokenFileOf(this.#identity, clock);
  }

  current(): Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    // One exec plugin for all requests that wait for it, not one each.
    if (this.#reading !== undefined && nowMs - this.#reading.sinceMs < staleReadMs) return this.#reading.credentials;
    const reading = { credentials: this.#read(), sinceMs: nowMs };
    this.#reading = reading;
    const forget = (): void => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.credentials.then(forget, forget);
    return reading.credentials;
  }

  invalidate(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#invalidatedMs < betweenInvalidationsMs) return false;
    this.#invalidatedMs = nowMs;
    this.#tokenFile?.invalidate();
    try {
      // A new KubeConfig is the one way to make client-node forget what an exec plugin told it.
      this.#identity = this.#load();
      this.#tokenFile = tokenFileOf(this.#identity, this.#clock);
    } catch {
      // The file is being rewritten, or gone: what was loaded before is the best there is.
    }
    return true;
  }

  async #read(): Promise<Credentials> {
    const options: RequestOptions = {};
    await this.#identity.kubeConfig.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
    if (options.auth) headers["Authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    if (this.#tokenFile !== undefined) headers["Authorization"] = `Bearer ${await this.#tokenFile.token()}`;
    return { headers, tls: tlsOf(options) };
  }
}

function tokenFileOf(identity: KubeIdentity, clock: Clock): TokenFile | undefined {
  return identity.tokenFile === undefined ? undefined : new TokenFile(identity.tokenFile, clock);
}

function tlsOf(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options;
  return {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}
