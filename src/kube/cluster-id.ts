import { BlockedError } from "../errors.ts";
import type { Exchange } from "./exchange.ts";
import { KubeObjectClient } from "./object-client.ts";

/**
 * The uid of the namespace kube-system: it lives as long as the cluster and no other cluster has it, so it serves as the
 * cluster's name (https://github.com/kubernetes-sigs/about-api describes the custom).
 *
 * Errors: ControllerErrors; a BlockedError when the namespace cannot be seen.
 */
export async function readClusterId(exchange: Exchange, signal: AbortSignal): Promise<string> {
  const namespaces = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
  const client = new KubeObjectClient({ exchange, resource: namespaces, fieldManager: "instance-profile-controller" });
  const namespace = await client.get({ namespace: "", name: "kube-system" }, signal);
  const { uid } = (namespace?.["metadata"] ?? {}) as { readonly uid?: unknown };
  if (typeof uid === "string" && uid !== "") return uid;
  throw new BlockedError("The cluster has no namespace kube-system to take its id from: give --cluster-id", {
    reason: "NoClusterId",
  });
}
