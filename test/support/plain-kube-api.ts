import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, fetch } from "undici";
import type { KubeAnswer, KubeApi, KubeJson, KubeRequest } from "./kube-api.ts";

/** An API server without TLS and without users: the sandbox's. */
export function plainKubeApi(url: string): KubeApi {
  // No connection is kept: the tests that cut the controller's connections shall not cut their own.
  return kubeApiOver({ url, certificateAuthority: "", headers: {}, dispatcher: new Agent({ pipelining: 0 }) });
}

/**
 * The API server and user of a kubeconfig file, over connections that are kept, for tests that ask often. Their idle
 * connections close by themselves.
 */
export async function keptKubeApi(api: KubeApi, kubeconfig: string): Promise<KubeApi> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const { url, certificateAuthority } = api;
  const trust = certificateAuthority === "" ? {} : { ca: certificateAuthority };
  const dispatcher = new Agent({ connect: { ...trust, cert: options.cert?.toString(), key: options.key?.toString() } });
  return kubeApiOver({ url, certificateAuthority, headers: options.headers as Record<string, string>, dispatcher });
}

interface Route extends Pick<KubeApi, "url" | "certificateAuthority"> {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Agent;
}

function kubeApiOver({ url, certificateAuthority, headers, dispatcher }: Route): KubeApi {
  const request = async ({ method, path, body, contentType }: KubeRequest): Promise<KubeAnswer> => {
    const reply = await fetch(`${url}${path}`, {
      method,
      dispatcher,
      headers: { ...headers, accept: "application/json", "content-type": contentType ?? "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const warning = reply.headers.get("warning");
    const warnings = warning === null ? [] : [warning];
    return { status: reply.status, body: (await reply.json()) as KubeJson, warnings };
  };
  return {
    url,
    certificateAuthority,
    request,
    async expectOk(asked): Promise<KubeJson> {
      const answer = await request(asked);
      if (answer.status < 300) return answer.body;
      throw new Error(`${asked.method} ${asked.path}: ${answer.status} ${String(answer.body["message"])}`);
    },
  };
}
