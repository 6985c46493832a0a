import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A health check: returns what is wrong, or undefined. */
export type Check = () => string | undefined;

/** The handler of a path. */
export type Page = (verbose: boolean, excluded: ReadonlySet<string>) => Promise<PageAnswer> | PageAnswer;

/** The response of a page. */
export interface PageAnswer {
  readonly statusCode: number;
  readonly contentType: string;
  readonly text: string;
}

/** A running listener for probes or metrics. */
export interface ProbeServer {
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  close(): Promise<void>;
}

const PLAIN = "text/plain; charset=utf-8";
/** Time limit of a request, including a client that reads slowly. */
const REQUEST_TIMEOUT_MS = 5_000;
const TIMEOUT_CHECK_MS = 1_000;
/** A probe with all its headers has a few hundred bytes. */
const MAX_HEADER_BYTES = 8_192;
/** Bounds the file descriptors, which the controller needs for its own connections. */
const MAX_CONNECTIONS = 100;

/** Parses a listen address: `:8081` is all interfaces, `127.0.0.1:8081` one. Undefined for `0`, no listener. */
export function parseBindAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  if (text === "0") return undefined;
  const match = /^(?<host>[^:]*|\[[^\]]+\]):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65_535) throw new RangeError(`"${text}" is not an address; write host:port, :port or 0`);
  const host = match.groups?.["host"]?.replace(/^\[|\]$/g, "") ?? "";
  return { host: host === "" ? "::" : host, port };
}

/** Creates a page of named checks, in the format of kube-apiserver: 200 `ok`, or 500 and the failed checks. */
export function checksPage(checks: Readonly<Record<string, Check>>): Page {
  return (verbose, excluded) => {
    const results = Object.entries(checks)
      .filter(([name]) => !excluded.has(name))
      .map(([name, check]) => ({ name, fault: check() }));
    const isHealthy = results.every(({ fault }) => fault === undefined);
    const lines = results.map(({ name, fault }) =>
      fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
    );
    const text = isHealthy && !verbose ? "ok" : [...lines, isHealthy ? "check passed" : "check failed", ""].join("\n");
    return { statusCode: isHealthy ? 200 : 500, contentType: PLAIN, text };
  };
}

/**
 * Serves pages by path, GET and HEAD only. Unauthenticated: a request must neither stop the process nor use more of it than a
 * probe does.
 *
 * Errors: those of listening.
 */
export async function startProbeServer(
  address: { readonly host: string; readonly port: number },
  pages: Readonly<Record<string, Page>>,
): Promise<ProbeServer> {
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: TIMEOUT_CHECK_MS };
  const server = createServer(limits, (request, response) => {
    const [path = "", query = ""] = (request.url ?? "/").split("?", 2);
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (request.method !== "GET" && request.method !== "HEAD")
      return send(response, 405, PLAIN, "method not allowed\n");
    if (page === undefined) return send(response, 404, PLAIN, "not found\n");
    const parameters = new URLSearchParams(query);
    const excluded = new Set(parameters.getAll("exclude"));
    Promise.resolve(parameters.has("verbose"))
      .then((verbose) => page(verbose, excluded))
      .then(({ statusCode, contentType, text }) => send(response, statusCode, contentType, text))
      .catch(() => send(response, 500, PLAIN, "internal error\n"));
  });
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.setTimeout(REQUEST_TIMEOUT_MS);
  dropOldest(server);
  await listen(server, address);
  const { address: host, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Closes the oldest connection above the limit, so that held connections do not block the kubelet's probes. */
function dropOldest(server: Server): void {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const [oldest] = open;
    if (open.size > MAX_CONNECTIONS) oldest?.destroy();
  });
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function send(response: ServerResponse, statusCode: number, contentType: string, text: string): void {
  response.writeHead(statusCode, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(text);
}
