import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { KubeApi } from "./kube-api.ts";

/** The server that a kubeconfig leads to. */
export type Server = Pick<KubeApi, "url" | "certificateAuthority">;

const TOKEN_LIFETIME_SECONDS = 3600;

/** Writes a kubeconfig for whoever the token belongs to, readable by this user alone; returns its path. */
export async function writeKubeconfig(folder: string, server: Server, token: string): Promise<string> {
  const id = createHash("sha256").update(token).digest("hex").slice(0, 12);
  const path = join(folder, `kubeconfig-${id}.json`);
  const ca = server.certificateAuthority;
  const trust = ca === "" ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: server.url, ...trust } }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/**
 * Copies the kubeconfig that kubectl would take now into the folder, as one file (KUBECONFIG may name several); returns
 * its path.
 */
export async function copyCurrentKubeconfig(folder: string): Promise<string> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const path = join(folder, "kubeconfig-admin.json");
  await writeFile(path, config.exportConfig(), { mode: 0o600 });
  return path;
}

/** A token of a service account, good for an hour, from the TokenRequest API. The account must exist. */
export async function serviceAccountToken(admin: KubeApi, namespace: string, name: string): Promise<string> {
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_LIFETIME_SECONDS },
  };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await admin.expectOk({ method: "POST", path, body: request });
  const token = (answer["status"] as { readonly token?: unknown } | undefined)?.token;
  if (typeof token !== "string") throw new Error(`the answer to ${path} holds no token`);
  return token;
}
