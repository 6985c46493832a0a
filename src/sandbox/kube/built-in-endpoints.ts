import { compileCrd } from "../../crd/compile-crd.ts";
import type { JsonObject } from "../../crd/contract.ts";
import type { Behaviour } from "./built-in/behaviour.ts";
import { configMapBehaviour } from "./built-in/config-map.ts";
import { definitionBehaviour } from "./built-in/definition.ts";
import { coreEventBehaviour, modernEventBehaviour } from "./built-in/event.ts";
import builtInKinds from "./built-in/kinds.json" with { type: "json" };
import { leaseBehaviour } from "./built-in/lease.ts";
import { namespaceBehaviour } from "./built-in/namespace.ts";
import { customEndpoints, metaFields, servedAs } from "./custom-endpoints.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * A kind of kinds.json. The schemas hold what a controller and kubectl use of a kind; the list types are those of Kubernetes, so that
 * server-side apply merges alike.
 */
interface BuiltInKind {
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly scope: string;
  readonly hasStatus: boolean;
  readonly schema: JsonObject;
}

const behaviours: Readonly<Record<keyof typeof builtInKinds, Behaviour>> = {
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
  endpoints ??= Object.entries(behaviours).map(([resource, behaviour]) =>
    builtInEndpoint(resource, builtInKinds[resource as keyof typeof builtInKinds], behaviour),
  );
  return endpoints;
}

/** The endpoint of a custom resource with this schema, and what sets the built-in apart. */
function builtInEndpoint(resource: string, source: BuiltInKind, behaviour: Behaviour): Endpoint {
  const [plural = "", version = "", group = ""] = resource.split("/").reverse();
  // A CRD needs a group, which the core kinds do not have.
  const hostGroup = group === "" ? "core.k8s.io" : group;
  const { kind, shortNames, scope, hasStatus, schema } = source;
  const subresources = hasStatus ? { status: {} } : {};
  const crd = compileCrd({
    metadata: { name: `${plural}.${hostGroup}` },
    spec: {
      group: hostGroup,
      names: { plural, kind, shortNames: [...shortNames] },
      scope,
      versions: [{ name: version, served: true, storage: true, subresources, schema: { openAPIV3Schema: schema } }],
    },
  });
  const [endpoint] = customEndpoints(crd);
  if (endpoint === undefined) throw new Error(`the built-in kind ${kind} has no version: its schema is not usable`);
  return {
    ...endpoint,
    group,
    storage: `${group}/${plural}`,
    fromStored: servedAs({ group, version }),
    ...behaviour,
    fields: { ...metaFields, ...behaviour.fields },
  };
}
