import type { ObjectKey } from "../engine/ports.ts";

/** One kind of object and its location on the API server. */
export interface KubeResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural in lower case, as in URLs. */
  readonly plural: string;
  readonly kind: string;
}

/** Returns the path of all objects of the resource, or of those in one namespace. */
export function collectionPath(resource: KubeResource, namespace?: string): string {
  const root = resource.group === "" ? "/api" : `/apis/${resource.group}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${resource.version}${scope}/${resource.plural}`;
}

/** Returns the path of one object or of its subresource; an empty namespace means a cluster-scoped kind. */
export function objectPath(resource: KubeResource, key: ObjectKey, subresource?: "status"): string {
  const collection = collectionPath(resource, key.namespace === "" ? undefined : key.namespace);
  const path = `${collection}/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Returns the name of an object for messages. */
export function describe(resource: KubeResource, key: ObjectKey): string {
  return key.namespace === "" ? `${resource.kind} ${key.name}` : `${resource.kind} ${key.namespace}/${key.name}`;
}
