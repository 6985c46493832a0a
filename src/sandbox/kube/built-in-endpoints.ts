import { compileCrd } from "../../crd/compile-crd.ts";
import type { JsonObject } from "../../crd/contract.ts";
import { type Behaviour, plainBehaviour } from "./built-in/behaviour.ts";
import { configMapBehaviour } from "./built-in/config-map.ts";
import { definitionBehaviour } from "./built-in/definition.ts";
import { coreEventBehaviour, modernEventBehaviour } from "./built-in/event.ts";
import { builtInKinds } from "./built-in/kinds.ts";
import { leaseBehaviour } from "./built-in/lease.ts";
import { namespaceBehaviour } from "./built-in/namespace.ts";
import { metaFields } from "./custom-endpoints.ts";
import { apiVersionOf, type Endpoint, type ObjectSchema } from "./endpoint.ts";
import type { ServedKind } from "./served-kinds.ts";

const behaviours: Readonly<Record<string, Behaviour>> = {
  "v1/namespaces": namespaceBehaviour,
  "v1/configmaps": configMapBehaviour,
  "v1/events": coreEventBehaviour,
  "events.k8s.io/v1/events": modernEventBehaviour,
  "coordination.k8s.io/v1/leases": leaseBehaviour,
  "apiextensions.k8s.io/v1/customresourcedefinitions": definitionBehaviour,
};

let endpoints: readonly Endpoint[] | undefined;

/** The kinds that are there without a CRD; compiled once in a process. */
export function builtInEndpoints(): readonly Endpoint[] {
  endpoints ??= builtInKinds.map((kind) =>
    builtInEndpoint(kind, behaviours[`${apiVersionOf(kind)}/${kind.plural}`] ?? plainBehaviour),
  );
  return endpoints;
}

function builtInEndpoint(kind: ServedKind, behaviour: Behaviour): Endpoint {
  const apiVersion = apiVersionOf(kind);
  const same = (object: JsonObject): JsonObject => object;
  return {
    ...kind,
    storage: behaviour.storage ?? `${kind.group}/${kind.plural}`,
    verbs: behaviour.verbs,
    subresources: behaviour.subresources,
    objectSchema: objectSchemaOf(kind),
    rules: behaviour.rules,
    columns: behaviour.columns,
    fields: { ...metaFields, ...behaviour.fields },
    fromStored:
      behaviour.fromStored ?? ((object) => (object["apiVersion"] === apiVersion ? object : { ...object, apiVersion })),
    toStored: behaviour.toStored ?? same,
  };
}

/** The same machinery as for a custom resource, fed with the built-in's schema. */
function objectSchemaOf(kind: ServedKind): ObjectSchema {
  const group = kind.group === "" ? "core.k8s.io" : kind.group;
  const { plural, singular, listKind, version, schema } = kind;
  const crd = compileCrd({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, annotations: { "api-approved.kubernetes.io": "https://kubernetes.io" } },
    spec: {
      group,
      names: { plural, singular, listKind, kind: kind.kind },
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  const [compiled] = crd.versions;
  if (compiled === undefined)
    throw new Error(`the built-in kind ${kind.kind} has no version: its schema is not usable`);
  return compiled;
}
