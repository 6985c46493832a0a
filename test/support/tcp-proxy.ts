import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** A wire that a test can cut or let go dead, between a client and a server on this machine. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #dead = new Set<Pair>();
  accepted = 0;
  /** While true, new connections are reset at once. */
  isRefusing = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(upstreamPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => proxy.#join(client, upstreamPort));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open and alive. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Nothing passes any more on the present connections, and neither side is told. New connections work. */
  blackHole(): void {
    for (const pair of this.#pairs) {
      pair.client.unpipe(pair.upstream);
      pair.upstream.unpipe(pair.client);
      pair.client.resume();
      pair.upstream.resume();
      this.#dead.add(pair);
    }
    this.#pairs.clear();
  }

  /** Resets the present connections, as a load balancer does. New connections work. */
  reset(): void {
    for (const pair of this.#pairs) {
      pair.client.resetAndDestroy();
      pair.upstream.destroy();
    }
    this.#pairs.clear();
  }

  async close(): Promise<void> {
    for (const pair of [...this.#pairs, ...this.#dead]) {
      pair.client.destroy();
      pair.upstream.destroy();
    }
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, upstreamPort: number): void {
    if (this.isRefusing) {
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const upstream = connect(upstreamPort, "127.0.0.1");
    const pair = { client, upstream };
    this.#pairs.add(pair);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#dead.has(pair)) return;
        this.#pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
    }
  }
}
