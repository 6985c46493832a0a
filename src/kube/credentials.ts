import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";

/** TLS settings of a connection to the API server. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The credentials of one request to the API server. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** A source of credentials, which can change between requests. */
export interface CredentialSource {
  /** Returns the current credentials. Errors: those of reading them; a later call tries again. */
  current(): Promise<Credentials>;
  /** Drops cached credentials after the server rejected them. Returns false if that happened just before. */
  invalidate(): boolean;
}

/** One user of one cluster as client-node represents them, and the token file, which client-node does not support. */
export interface KubeIdentity {
  readonly kubeConfig: KubeConfig;
  readonly tokenFile: string | undefined;
}

/** A read that takes longer, such as an exec plugin that hangs, is started again. */
const STALE_READ_MS = 60_000;
const BETWEEN_INVALIDATIONS_MS = 10_000;

/**
 * Credentials of a kubeconfig: client certificates, tokens, token files, basic auth and exec plugins. Certificates are read
 * for every request, so that rotated files take effect; exec plugins run again when their credential expires.
 *
 * client-node's own handling of token files is not used: it does not trim tokens, does not re-read rejected ones, and does
 * not know the kubeconfig field `tokenFile`.
 */
export class KubeConfigCredentials implements CredentialSource {
  readonly #load: () => KubeIdentity;
  readonly #clock: Clock;
  #identity: KubeIdentity;
  #tokenFile: TokenFile | undefined;
  #reading: { readonly credentials: Promise<Credentials>; readonly sinceMs: number } | undefined;
  #invalidatedMs = Number.NEGATIVE_INFINITY;

  /** `load` is called by the constructor, and again after the server has rejected the credentials. */
  constructor(load: () => KubeIdentity, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
    this.#identity = load();
    this.#tokenFile = tokenFileOf(this.#identity, clock);
  }

  current(): Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    // Concurrent requests share one run of the exec plugin.
    if (this.#reading !== undefined && nowMs - this.#reading.sinceMs < STALE_READ_MS) return this.#reading.credentials;
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
    if (nowMs - this.#invalidatedMs < BETWEEN_INVALIDATIONS_MS) return false;
    this.#invalidatedMs = nowMs;
    this.#tokenFile?.invalidate();
    try {
      // Only a new KubeConfig makes client-node drop the cached result of an exec plugin.
      this.#identity = this.#load();
      this.#tokenFile = tokenFileOf(this.#identity, this.#clock);
    } catch {
      // The file is being rewritten or was removed: keep what was loaded before.
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

/** The kubelet rotates the token at 80 % of its lifetime of an hour or more: re-reading once a minute suffices, as in client-go. */
const REREAD_AFTER_MS = 60_000;

/**
 * A bearer token in a file that another program keeps fresh.
 *
 * Errors: those of reading the file, but only without an earlier token: while the server accepts the previous token, a file
 * that is briefly unreadable does no harm.
 */
class TokenFile {
  readonly #path: string;
  readonly #clock: Clock;
  #token: string | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async token(): Promise<string> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#token !== undefined && nowMs - this.#readMs < REREAD_AFTER_MS) return this.#token;
    try {
      const token = (await readFile(this.#path, "utf8")).trim();
      if (token === "") throw new Error(`The token file ${this.#path} is empty`);
      this.#token = token;
      this.#readMs = nowMs;
      return token;
    } catch (error) {
      if (this.#token === undefined) throw error;
      return this.#token;
    }
  }

  /** Drops the token after the server rejected it, so that the next one is read from the file. */
  invalidate(): void {
    this.#token = undefined;
  }
}
