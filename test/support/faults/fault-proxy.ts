import { once } from "node:events";
import {
  createServer,
  Agent as HttpAgent,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as sendHttp,
} from "node:http";
import { Agent as HttpsAgent, request as sendHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/**
 * What becomes of an exchange:
 * - `answer`: the proxy answers, the server hears nothing.
 * - `stream`: the same with lines, after which nothing more comes, and no end.
 * - `refuse`: the connection is reset before anything is sent.
 * - `hang`: nothing is sent, and no answer ever comes.
 * - `lose-reply`, `hang-reply`: carried out, and then a reset, or silence.
 * - `cut-body`: carried out, and the connection is reset in the middle of the answer.
 * - `delay`: sent, or answered, later; real ms.
 * - `lines`: the answer's lines are edited as they pass.
 */
export type Fate =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: "stream"; readonly lines: readonly string[] }
  | { readonly kind: "refuse" | "hang" | "lose-reply" | "hang-reply" | "cut-body" }
  | { readonly kind: "delay"; readonly requestMs?: number; readonly replyMs?: number }
  | { readonly kind: "lines"; readonly edit: (line: string) => readonly string[] };

/** Where the proxy leads; a server with a certificate of its own is trusted by it. */
export interface Upstream {
  readonly url: string;
  readonly certificateAuthority?: string;
}

interface Exchange {
  readonly request: ProxiedRequest;
  readonly headers: IncomingMessage["headers"];
  readonly reply: ServerResponse;
}

/**
 * The way of one HTTP client to one server, on which a test decides what becomes of each exchange, and of all of them. It
 * listens on 127.0.0.1 without TLS. Requests are passed on whole, answers as they come.
 */
export class FaultProxy {
  /** The fate of each request; undefined lets it pass. Asked when all of the request is there. */
  judge: (request: ProxiedRequest) => Fate | undefined | Promise<Fate | undefined> = () => undefined;
  /** Hears of every answer of the server, whether or not it reaches the client. */
  onAnswer: (request: ProxiedRequest, status: number) => void = () => {};
  readonly #server: Server;
  readonly #upstream: Upstream;
  readonly #agent: HttpAgent;
  readonly #open = new Set<ServerResponse>();
  #isDark = false;
  #requests = 0;

  private constructor(upstream: Upstream) {
    this.#upstream = upstream;
    const isTls = new URL(upstream.url).protocol === "https:";
    const { certificateAuthority: ca } = upstream;
    this.#agent = isTls ? new HttpsAgent({ keepAlive: true, ...(ca && { ca }) }) : new HttpAgent({ keepAlive: true });
    this.#server = createServer((incoming, reply) => {
      this.#serve(incoming, reply).catch(() => reply.destroy());
    });
  }

  static async to(upstream: Upstream): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * From now on nothing passes in either direction, and nobody is told: on connections that stand, and on new ones. What the
   * server has been sent it carries out.
   */
  blackHole(): void {
    this.#isDark = true;
  }

  /** New requests pass again; those that met the dark are never answered. */
  restore(): void {
    this.#isDark = false;
  }

  /** Resets every exchange that is under way, watches included. */
  reset(): void {
    for (const reply of this.#open) resetConnection(reply);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    this.#open.add(reply);
    reply.once("close", () => this.#open.delete(reply));
    const body = await buffer(incoming);
    const url = new URL(incoming.url ?? "/", this.#upstream.url);
    this.#requests += 1;
    const request = {
      number: this.#requests,
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      body,
    };
    if (this.#isDark) return;
    await this.#play(await this.judge(request), { request, headers: incoming.headers, reply });
  }

  async #play(fate: Fate | undefined, exchange: Exchange): Promise<void> {
    const { reply } = exchange;
    switch (fate?.kind) {
      case "hang":
        return;
      case "refuse":
        return resetConnection(reply);
      case "answer":
        reply.writeHead(fate.status, { "content-type": "application/json", ...fate.headers }).end(fate.body);
        return;
      case "stream":
        reply.writeHead(200, { "content-type": "application/json" }).flushHeaders();
        for (const line of fate.lines) reply.write(`${line}\n`);
        return;
      case "delay":
        await delay(fate.requestMs ?? 0);
        return this.#isDark ? undefined : this.#pass(await this.#forward(exchange), exchange, fate.replyMs ?? 0);
      default:
        return this.#answer(fate, await this.#forward(exchange), exchange);
    }
  }

  async #answer(fate: Fate | undefined, answer: IncomingMessage, exchange: Exchange): Promise<void> {
    const { reply } = exchange;
    switch (fate?.kind) {
      case "hang-reply":
        answer.resume();
        return;
      case "lose-reply":
        answer.resume();
        return resetConnection(reply);
      case "cut-body": {
        const whole = await buffer(answer);
        reply.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
        reply.write(whole.subarray(0, Math.floor(whole.length / 2)), () => resetConnection(reply));
        return;
      }
      case "lines":
        return this.#passLines(answer, exchange, fate.edit);
      default:
        return this.#pass(answer, exchange, 0);
    }
  }

  /** Resolves with the head of the server's answer. */
  async #forward({ request, headers, reply }: Exchange): Promise<IncomingMessage> {
    const { url } = this.#upstream;
    const send = new URL(url).protocol === "https:" ? sendHttps : sendHttp;
    const target = new URL(`${request.path}?${request.query}`, url);
    const outgoing = send(target, { method: request.method, headers, agent: this.#agent });
    reply.once("close", () => {
      if (!reply.writableFinished) outgoing.destroy();
    });
    outgoing.end(request.body);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    this.onAnswer(request, answer.statusCode ?? 0);
    return answer;
  }

  async #pass(answer: IncomingMessage, { reply }: Exchange, delayMs: number): Promise<void> {
    await delay(delayMs);
    if (this.#isDark) return void answer.resume();
    reply.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    for await (const chunk of answer) if (!this.#isDark) reply.write(chunk);
    if (!this.#isDark) reply.end();
  }

  async #passLines(answer: IncomingMessage, { reply }: Exchange, edit: (line: string) => readonly string[]) {
    const { "content-length": _, ...headers } = answer.headers;
    reply.writeHead(answer.statusCode ?? 502, headers).flushHeaders();
    let rest = "";
    for await (const chunk of answer.setEncoding("utf8")) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines.flatMap(edit)) if (!this.#isDark) reply.write(`${line}\n`);
    }
    if (!this.#isDark) reply.end(rest);
  }
}

function resetConnection(reply: ServerResponse): void {
  if (reply.socket === null) reply.destroy();
  else reply.socket.resetAndDestroy();
}
