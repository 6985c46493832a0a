import type { ObjectKey } from "../engine/ports.ts";

/** One kind of object and where the API server serves it. */
export interface KubeResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower case, as in URLs. */
  readonly plural: string;
  readonly kind: string;
}

/** The path of all objects of the resource, or of those in one namespace. */
export function collectionPath(resource: KubeResource, namespace?: string): string {
  const root = resource.group === "" ? "/api" : `/apis/${resource.group}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${resource.version}${scope}/${resource.plural}`;
}

/** The path of one object, or of its subresource; an empty namespace means that the kind has none. */
export function objectPath(resource: KubeResource, key: ObjectKey, subresource?: "status"): string {
  const collection = collectionPath(resource, key.namespace === "" ? undefined : key.namespace);
  const path = `${collection}/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** How messages name an object. */
export function describe(resource: KubeResource, key: ObjectKey): string {
  return key.namespace === "" ? `${resource.kind} ${key.name}` : `${resource.kind} ${key.namespace}/${key.name}`;
}
