import { BlockedError } from "../errors.ts";
import type { Exchange } from "./exchange.ts";
import { KubeObjectClient } from "./object-client.ts";

/**
 * Reads the uid of namespace kube-system, which identifies the cluster: it is unique and lives as long as the cluster
 * (https://github.com/kubernetes-sigs/about-api describes the convention).
 *
 * Errors: ControllerErrors; a BlockedError when the namespace does not exist.
 */
export async function readClusterId(exchange: Exchange, signal: AbortSignal): Promise<string> {
  const namespaces = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
  const client = new KubeObjectClient({ exchange, resource: namespaces, fieldManager: "instance-profile-controller" });
  const namespace = await client.get({ namespace: "", name: "kube-system" }, signal);
  const { uid } = (namespace?.["metadata"] ?? {}) as { readonly uid?: unknown };
  if (typeof uid === "string" && uid !== "") return uid;
  throw new BlockedError(
    "The cluster has no namespace kube-system, whose uid is the default cluster id. Set --cluster-id.",
    {
      reason: "NoClusterId",
    },
  );
}
