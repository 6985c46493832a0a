import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeFault, FakeListWatch } from "./fake-list-watch.ts";

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers one request instead of the server; the test decides everything, headers and silence included. */
export type Answer = (response: ServerResponse, seen: SeenRequest) => void;

/** The collection that the server serves. */
const collection = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofiles";

/**
 * An API server that serves one collection over HTTP, from a FakeListWatch, until a test has another answer for the next
 * list, watch or anything else.
 */
export class ScriptedApiServer {
  readonly objects: FakeListWatch;
  readonly seen: SeenRequest[] = [];
  readonly onList: Answer[] = [];
  readonly onWatch: Answer[] = [];
  /** For a list as a stream: as a server without them answers. */
  onStream: Answer = (response) => replyStatus(response, 422, "Invalid", "sendInitialEvents is forbidden for watch");
  /** For every path but the collection. */
  onOther: Answer = (response) => replyStatus(response, 404, "NotFound", "the server could not find it");
  /** The open watches, to write raw bytes into. */
  readonly streams = new Set<ServerResponse>();
  requiredToken: string | undefined;
  readonly #server: Server;

  private constructor(server: Server, objects: FakeListWatch) {
    this.#server = server;
    this.objects = objects;
  }

  /** A server that comes back is given its port and its objects again. */
  static async start(port = 0, objects = new FakeListWatch()): Promise<ScriptedApiServer> {
    const server = createServer();
    const api = new ScriptedApiServer(server, objects);
    server.on("request", (request, response) => void api.#serve(request, response));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get lists(): readonly SeenRequest[] {
    return this.seen.filter((request) => request.path === collection && request.query.get("watch") === null);
  }

  get watches(): readonly SeenRequest[] {
    return this.seen.filter((request) => request.query.get("watch") === "true" && !asksToStream(request));
  }

  /** The lists that were asked for as a stream, which this server does not know. */
  get refusedStreams(): readonly SeenRequest[] {
    return this.seen.filter(asksToStream);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const { method = "", headers } = request;
    const body = await textOf(request);
    const seen = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.seen.push(seen);
    if (this.requiredToken !== undefined && headers.authorization !== `Bearer ${this.requiredToken}`) {
      return replyStatus(response, 401, "Unauthorized", "Unauthorized");
    }
    if (seen.path !== collection) return this.onOther(response, seen);
    if (asksToStream(seen)) return this.onStream(response, seen);
    if (seen.query.get("watch") === "true") return this.#watch(response, seen);
    const answer = this.onList.shift();
    if (answer !== undefined) return answer(response, seen);
    await this.#list(response, seen);
  }

  async #list(response: ServerResponse, seen: SeenRequest): Promise<void> {
    const limit = seen.query.get("limit");
    try {
      const page = await this.objects.list({
        limit: limit === null ? undefined : Number(limit),
        continueToken: seen.query.get("continue") ?? undefined,
        signal: new AbortController().signal,
      });
      const metadata = { resourceVersion: page.resourceVersion, continue: page.continueToken ?? "" };
      reply(response, 200, { kind: "InstanceProfileList", metadata, items: page.items });
    } catch (error) {
      if (!(error instanceof FakeFault)) throw error;
      replyStatus(response, 410, "Expired", "The provided continue parameter is too old");
    }
  }

  async #watch(response: ServerResponse, seen: SeenRequest): Promise<void> {
    const answer = this.onWatch.shift();
    if (answer !== undefined) return answer(response, seen);
    const gone = new AbortController();
    response.on("close", () => gone.abort(new Error("the client left")));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.streams.add(response);
    const events = this.objects.watch({
      resourceVersion: seen.query.get("resourceVersion") ?? "",
      timeoutSeconds: Number(seen.query.get("timeoutSeconds")),
      signal: gone.signal,
    });
    await this.#stream(response, events).catch((error: unknown) => {
      if (error instanceof FakeFault) response.end(errorEvent(410, "Expired", "too old resource version"));
    });
    this.streams.delete(response);
  }

  async #stream(response: ServerResponse, events: ReturnType<FakeListWatch["watch"]>): Promise<void> {
    for await (const event of events) {
      // A test has ended this stream by hand; the watch is told when the connection closes.
      if (response.writableEnded) return;
      const { type } = event;
      const object = type === "BOOKMARK" ? { metadata: { resourceVersion: event.resourceVersion } } : event.object;
      response.write(`${JSON.stringify({ type, object })}\n`);
    }
    response.end();
  }
}

function asksToStream({ query }: SeenRequest): boolean {
  return query.has("sendInitialEvents");
}

/** Answers with JSON. */
export function reply(response: ServerResponse, statusCode: number, body: unknown, headers: object = {}): void {
  response.writeHead(statusCode, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Answers with a Status object, as an API server refuses. */
export function replyStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  more: { readonly headers?: object; readonly details?: object } = {},
): void {
  reply(response, code, statusObject(code, reason, message, more.details), more.headers);
}

/** An error event of a watch, with its newline. */
export function errorEvent(code: number, reason: string, message: string): string {
  return `${JSON.stringify({ type: "ERROR", object: statusObject(code, reason, message) })}\n`;
}

function statusObject(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code, details };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
