import type { JsonObject } from "../../../crd/contract.ts";
import type { ServedKind } from "../served-kinds.ts";
import { customResourceDefinition } from "./definition-schema.ts";
import { configMap, coreEvent, event, lease, namespace } from "./schemas.ts";

interface Naming {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
}

function kindOf(apiVersion: string, naming: Naming, schema: JsonObject): ServedKind {
  const [group = "", version = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return {
    group,
    version,
    kind: naming.kind,
    listKind: `${naming.kind}List`,
    plural: naming.plural,
    singular: naming.kind.toLowerCase(),
    shortNames: naming.shortNames ?? [],
    categories: [],
    namespaced: true,
    hasStatus: false,
    schema,
  };
}

function clusterWide(kind: ServedKind, hasStatus: boolean): ServedKind {
  return { ...kind, namespaced: false, hasStatus };
}

/**
 * The kinds that the sandbox serves without a CRD. Their schemas hold what a controller and kubectl use of them; the
 * list types are those of Kubernetes, so that server-side apply merges alike.
 */
export const builtInKinds: readonly ServedKind[] = [
  clusterWide(kindOf("v1", { kind: "Namespace", plural: "namespaces", shortNames: ["ns"] }, namespace), true),
  kindOf("v1", { kind: "ConfigMap", plural: "configmaps", shortNames: ["cm"] }, configMap),
  kindOf("v1", { kind: "Event", plural: "events", shortNames: ["ev"] }, coreEvent),
  kindOf("events.k8s.io/v1", { kind: "Event", plural: "events", shortNames: ["ev"] }, event),
  kindOf("coordination.k8s.io/v1", { kind: "Lease", plural: "leases" }, lease),
  clusterWide(
    kindOf(
      "apiextensions.k8s.io/v1",
      { kind: "CustomResourceDefinition", plural: "customresourcedefinitions", shortNames: ["crd", "crds"] },
      customResourceDefinition,
    ),
    true,
  ),
];
