import type { ApiCatalog } from "../api-catalog.ts";
import type { Endpoint } from "../endpoint.ts";

/** A resource path, resolved. */
export interface Target {
  readonly endpoint: Endpoint;
  /** Empty for a cluster-scoped resource or for all namespaces. */
  readonly namespace: string;
  /** Empty for the collection. */
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
}

/** Resolves `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for what is not served. */
export function routeResource(catalog: ApiCatalog, path: string): Target | undefined {
  const split = splitPath(path);
  if (split === undefined) return undefined;
  const { group, version, rest } = split;
  const [first = "", second = "", third = "", ...more] = rest;
  if (first === "namespaces" && third !== "" && !isNamespaceSubresource(third, more)) {
    const endpoint = catalog.find(group, version, third);
    return endpoint?.namespaced === true ? target(endpoint, second, more) : undefined;
  }
  const endpoint = catalog.find(group, version, first);
  if (endpoint === undefined || (endpoint.namespaced && second !== "")) return undefined;
  return target(endpoint, "", rest.slice(1));
}

function target(endpoint: Endpoint, namespace: string, rest: readonly string[]): Target | undefined {
  const [name = "", subresource = "", ...more] = rest;
  return more.length > 0 ? undefined : { endpoint, namespace, name, subresource };
}

function isNamespaceSubresource(name: string, more: readonly string[]): boolean {
  return more.length === 0 && (name === "status" || name === "finalize");
}

function splitPath(path: string): ResourcePath | undefined {
  const parts = path.split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  let decoded: readonly string[];
  try {
    decoded = parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
  if (decoded.includes("")) return undefined;
  const [root, ...rest] = decoded;
  if (root === "api" && rest.length > 1) return { group: "", version: rest[0] ?? "", rest: rest.slice(1) };
  if (root !== "apis" || rest.length < 3) return undefined;
  return { group: rest[0] ?? "", version: rest[1] ?? "", rest: rest.slice(2) };
}
