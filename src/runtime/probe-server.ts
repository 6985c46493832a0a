import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One thing that must hold; says what is wrong, or nothing. */
export type Check = () => string | undefined;

/** What a path answers. */
export type Page = (verbose: boolean, excluded: ReadonlySet<string>) => Promise<PageAnswer> | PageAnswer;

/** Text for one path. */
export interface PageAnswer {
  readonly statusCode: number;
  readonly contentType: string;
  readonly text: string;
}

/** A listener for probes or metrics. */
export interface ProbeServer {
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  close(): Promise<void>;
}

const PLAIN = "text/plain; charset=utf-8";
const HEADERS_TIMEOUT_MS = 5_000;

/** Where to listen: `:8081` is every interface, `127.0.0.1:8081` one. Undefined for `0`, which asks for no listener. */
export function parseBindAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  if (text === "0") return undefined;
  const match = /^(?<host>[^:]*|\[[^\]]+\]):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65_535) throw new RangeError(`"${text}" is not an address; write host:port, :port or 0`);
  const host = match.groups?.["host"]?.replace(/^\[|\]$/g, "") ?? "";
  return { host: host === "" ? "::" : host, port };
}

/** A page over named checks, answered as kube-apiserver does: 200 `ok`, or 500 and the checks that failed. */
export function checksPage(checks: Readonly<Record<string, Check>>): Page {
  return (verbose, excluded) => {
    const results = Object.entries(checks)
      .filter(([name]) => !excluded.has(name))
      .map(([name, check]) => ({ name, fault: check() }));
    const isWell = results.every(({ fault }) => fault === undefined);
    const lines = results.map(({ name, fault }) =>
      fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
    );
    const text = isWell && !verbose ? "ok" : [...lines, isWell ? "check passed" : "check failed", ""].join("\n");
    return { statusCode: isWell ? 200 : 500, contentType: PLAIN, text };
  };
}

/** Serves pages by path, GET and HEAD only. Errors: those of listening. */
export async function startProbeServer(
  address: { readonly host: string; readonly port: number },
  pages: Readonly<Record<string, Page>>,
): Promise<ProbeServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const page = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
    if (request.method !== "GET" && request.method !== "HEAD")
      return send(response, 405, PLAIN, "method not allowed\n");
    if (page === undefined) return send(response, 404, PLAIN, "not found\n");
    const excluded = new Set(url.searchParams.getAll("exclude"));
    Promise.resolve(url.searchParams.has("verbose"))
      .then((verbose) => page(verbose, excluded))
      .then(({ statusCode, contentType, text }) => send(response, statusCode, contentType, text))
      .catch(() => send(response, 500, PLAIN, "internal error\n"));
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = HEADERS_TIMEOUT_MS;
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
