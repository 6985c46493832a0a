import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { close, listen } from "../../http-listener.ts";
import { refusalOf } from "../../local-callers.ts";
import { handle, whatIsAsked } from "../handlers/api-handler.ts";
import type { ApiReply, ApiRequest } from "../handlers/api-request.ts";
import type { KubeState } from "../kube-state.ts";
import { internalError, StatusError } from "../status-error.ts";
import { readBody } from "./http-body.ts";
import { sendError, sendReply } from "./http-reply.ts";
import { describe, type Interception, type Interceptor, type RequestCounts } from "./request-log.ts";

/** What the HTTP side needs besides the state. */
export interface HttpOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly counts: RequestCounts;
  readonly onRequest: Interceptor | undefined;
}

/** The listener: plain HTTP/1.1 on 127.0.0.1 and nowhere else. */
export class HttpFront {
  readonly #state: KubeState;
  readonly #options: HttpOptions;
  readonly #server: Server;

  constructor(state: KubeState, options: HttpOptions) {
    this.#state = state;
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Resolves with the port; rejects when it is taken. */
  listen(): Promise<number> {
    return listen(this.#server, this.#options.port);
  }

  /** Cuts every connection; the listener stays. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  close(): Promise<void> {
    return close(this.#server);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(message.url ?? "/");
    const head = { method: message.method ?? "GET", path: url.pathname, query: url.searchParams };
    const what = describe(whatIsAsked(this.#state, head));
    this.#options.counts.add(what);
    const fault = this.#options.onRequest?.({ ...head, what });
    if (fault !== undefined && (await this.#isOverBy(fault, response))) return;
    const warnings: string[] = [];
    const outcome = await this.#answer(message, head, warnings);
    if (fault?.kind === "lose-reply" || response.destroyed) response.destroy();
    else if (outcome instanceof StatusError) sendError(response, outcome, warnings);
    else sendReply(response, outcome, warnings);
  }

  /** Plays the fault; true when that was the whole answer. */
  async #isOverBy(fault: Interception, response: ServerResponse): Promise<boolean> {
    if (fault.kind === "delay") {
      await new Promise<void>((resolve) => this.#state.clock.schedule(fault.ms, resolve));
      return false;
    }
    if (fault.kind === "lose-reply") return false;
    if (fault.kind === "cut") response.destroy();
    else
      response.writeHead(fault.status, { "Content-Type": "application/json", ...fault.headers }).end(fault.body ?? "");
    return true;
  }

  async #answer(
    message: IncomingMessage,
    head: Pick<ApiRequest, "method" | "path" | "query">,
    warnings: string[],
  ): Promise<ApiReply | StatusError> {
    try {
      refuseBrowsers(message);
      const bytes = await readBody(message);
      const mediaType = (message.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
      const { accept, host = "", "user-agent": userAgent = "" } = message.headers;
      return handle(this.#state, {
        ...head,
        accept,
        host,
        userAgent,
        warnings,
        body: { mediaType, bytes, text: bytes.toString("utf8") },
      });
    } catch (error) {
      if (error instanceof StatusError) return error;
      return internalError(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}

function refuseBrowsers({ headers }: IncomingMessage): void {
  const why = refusalOf(headers);
  if (why !== undefined) throw new StatusError(403, "Forbidden", why);
}

/** The path and query of a request target. One that is not a path, `//` say, has no resource. */
function urlOf(target: string): URL {
  return new URL(`http://127.0.0.1/${target.replace(/^\/+/, "")}`);
}
