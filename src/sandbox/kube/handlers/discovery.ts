import type { Json, JsonObject } from "../../../crd/contract.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { bestVersionFirst } from "../version-order.ts";

type Endpoints = readonly Endpoint[];

const serverAddresses = (host: string): Json => [{ clientCIDR: "0.0.0.0/0", serverAddress: host }];

/** `/api`: the versions of the core group. */
export function legacyVersions(host: string): JsonObject {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: serverAddresses(host) };
}

/** `/apis`: all groups but the core one. */
export function groupList(endpoints: Endpoints): JsonObject {
  const groups = groupNames(endpoints).map((name) => describeGroup(endpoints, name));
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** `/apis/<group>`; undefined when there is none. */
export function groupDocument(endpoints: Endpoints, name: string): JsonObject | undefined {
  if (name === "" || !groupNames(endpoints).includes(name)) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...describeGroup(endpoints, name) };
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined when there is none. */
export function resourceList(endpoints: Endpoints, group: string, version: string): JsonObject | undefined {
  const served = endpoints.filter((endpoint) => endpoint.group === group && endpoint.version === version);
  if (served.length === 0) return undefined;
  const groupVersion = apiVersionOf({ group, version });
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: served.flatMap((endpoint) => [
      resource(endpoint),
      ...endpoint.subresources.map((name) => ({
        name: `${endpoint.plural}/${name}`,
        singularName: "",
        namespaced: endpoint.namespaced,
        kind: endpoint.kind,
        verbs: subresourceVerbs(name),
      })),
    ]),
  };
}

function groupNames(endpoints: Endpoints): readonly string[] {
  return [...new Set(endpoints.map((endpoint) => endpoint.group))].filter((group) => group !== "").sort();
}

function describeGroup(endpoints: Endpoints, name: string): JsonObject {
  const versions = versionsOf(endpoints, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] ?? null };
}

/** The most stable and newest first: v2, v1, v1beta2, v1alpha1; others by name after them. */
function versionsOf(endpoints: Endpoints, group: string): readonly string[] {
  const versions = endpoints.filter((endpoint) => endpoint.group === group).map((endpoint) => endpoint.version);
  return [...new Set(versions)].sort(bestVersionFirst);
}

function resource(endpoint: Endpoint): JsonObject {
  return {
    name: endpoint.plural,
    singularName: endpoint.singular,
    namespaced: endpoint.namespaced,
    kind: endpoint.kind,
    verbs: [...endpoint.verbs],
    ...(endpoint.shortNames.length > 0 ? { shortNames: [...endpoint.shortNames] } : {}),
    ...(endpoint.categories.length > 0 ? { categories: [...endpoint.categories] } : {}),
  };
}

function subresourceVerbs(name: string): string[] {
  return name === "status" ? ["get", "patch", "update"] : ["update"];
}
