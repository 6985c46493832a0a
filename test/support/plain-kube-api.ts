import { Agent, fetch } from "undici";
import type { KubeAnswer, KubeApi, KubeJson, KubeRequest } from "./kube-api.ts";

/** An API server without TLS and without users: the sandbox's. */
export function plainKubeApi(url: string): KubeApi {
  // No connection is kept: the tests that cut the controller's connections shall not cut their own.
  const dispatcher = new Agent({ pipelining: 0 });
  const request = async ({ method, path, body, contentType }: KubeRequest): Promise<KubeAnswer> => {
    const reply = await fetch(`${url}${path}`, {
      method,
      dispatcher,
      headers: { accept: "application/json", "content-type": contentType ?? "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const warning = reply.headers.get("warning");
    const warnings = warning === null ? [] : [warning];
    return { status: reply.status, body: (await reply.json()) as KubeJson, warnings };
  };
  return {
    url,
    certificateAuthority: "",
    request,
    async expectOk(asked): Promise<KubeJson> {
      const answer = await request(asked);
      if (answer.status < 300) return answer.body;
      throw new Error(`${asked.method} ${asked.path}: ${answer.status} ${String(answer.body["message"])}`);
    },
  };
}
