import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

interface ProxiedCall {
  readonly action: string;
  readonly isDone: boolean;
}

/**
 * A way to an AWS stand-in over which each caller's calls are counted. Signatures cover the host, so this does for servers
 * that do not check them.
 */
export class AwsProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  #calls: ProxiedCall[] = [];

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, reply) => {
      this.#forward(incoming, reply).catch(() => reply.destroy());
    });
  }

  static async to(endpoint: string): Promise<AwsProxy> {
    const proxy = new AwsProxy(endpoint);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The actions in the order in which they were answered. */
  calls(): readonly string[] {
    return this.#calls.map(({ action }) => action);
  }

  /** Of these, the writes that AWS carried out. */
  writes(): readonly string[] {
    return this.#calls
      .filter(({ action, isDone }) => isDone && !/^(Get|List)/.test(action))
      .map(({ action }) => action);
  }

  forget(): void {
    this.#calls = [];
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #forward(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method, headers, url } = incoming;
    const outgoing = request(new URL(url ?? "/", this.#target), { method, headers, agent: this.#agent });
    outgoing.end(body);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    const content = await buffer(answer);
    const action = new URLSearchParams(body.toString("utf8")).get("Action") ?? "";
    this.#calls.push({ action, isDone: (answer.statusCode ?? 500) < 300 });
    reply.writeHead(answer.statusCode ?? 502, answer.headers).end(content);
  }
}
