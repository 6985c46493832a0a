import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { type Cluster, KubeConfig } from "@kubernetes/client-node";

/** A JSON object of the Kubernetes API. */
export type KubeJson = { readonly [key: string]: unknown };

/** What an API server answered. */
export interface KubeAnswer {
  readonly status: number;
  readonly body: KubeJson;
  /** The texts of the answer's Warning headers, decoded. */
  readonly warnings: readonly string[];
}

/** One request; a body makes it JSON unless another content type is named. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the query, for example `/api/v1/namespaces?limit=1`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** An API server as one user sees it, for tests: no types, no retries, the answer as it came. */
export interface KubeApi {
  readonly url: string;
  /** PEM; empty where the server's certificate needs none, or is not checked. */
  readonly certificateAuthority: string;
  request(request: KubeRequest): Promise<KubeAnswer>;
  /** Like `request`; raises for any status outside 2xx, with the server's message. */
  expectOk(request: KubeRequest): Promise<KubeJson>;
}

const TIMEOUT_MS = 20_000;

/** The API server and the user that a kubeconfig file names (or, without a file, the one that kubectl would take). */
export function openKubeApi(kubeconfig?: string): KubeApi {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${kubeconfig ?? "the current kubeconfig"} names no cluster`);

  const request = async (asked: KubeRequest): Promise<KubeAnswer> => {
    const options: RequestOptions = { method: asked.method, headers: {}, timeout: TIMEOUT_MS };
    await config.applyToHTTPSOptions(options);
    const contentType = asked.contentType ?? "application/json";
    const headers = { ...(options.headers as object), accept: "application/json", "content-type": contentType };
    return send(new URL(asked.path, cluster.server), { ...options, headers }, asked.body);
  };
  return {
    url: cluster.server,
    certificateAuthority: certificateAuthorityOf(cluster),
    request,
    async expectOk(asked): Promise<KubeJson> {
      const answer = await request(asked);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw new Error(`${asked.method} ${asked.path}: ${answer.status} ${String(answer.body["message"])}`);
    },
  };
}

function certificateAuthorityOf({ caFile, caData }: Cluster): string {
  return caFile === undefined ? Buffer.from(caData ?? "", "base64").toString("utf8") : readFileSync(caFile, "utf8");
}

function send(url: URL, options: RequestOptions, body: unknown): Promise<KubeAnswer> {
  const start = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, options, (incoming) => {
      const warnings = (incoming.headersDistinct["warning"] ?? []).map(warningText);
      text(incoming).then((answer) => {
        resolve({ status: incoming.statusCode ?? 0, body: parsed(answer), warnings });
      }, reject);
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer from ${url.href} in ${TIMEOUT_MS} ms`)));
    outgoing.once("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The text in `299 - "text"` (RFC 9111 5.5 of old, RFC 7234 5.5). */
function warningText(header: string): string {
  const quoted = /^\d{3} \S+ "(.*)"$/.exec(header)?.[1] ?? header;
  return quoted.replaceAll(/\\(.)/g, "$1");
}

/** Some answers are plain words (`ok` of /readyz); they become a message. */
function parsed(answer: string): KubeJson {
  try {
    return JSON.parse(answer) as KubeJson;
  } catch {
    return { message: answer };
  }
}
