import type { JsonObject } from "../../../crd/contract.ts";
import type { Endpoint } from "../endpoint.ts";
import type { KubeState } from "../kube-state.ts";
import { openApi, openApiIndex } from "../open-api/documents.ts";
import { mediaRanges } from "../query/media-type.ts";
import { notAcceptable } from "../status-error.ts";
import { type ApiReply, type ApiRequest, jsonReply } from "./api-request.ts";
import { groupDocument, groupList, legacyVersions, resourceList } from "./discovery.ts";

/** The Kubernetes version whose behaviour the sandbox follows. */
const version: JsonObject = {
  major: "1",
  minor: "33",
  gitVersion: "v1.33.0+sandbox",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2025-04-23T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "",
};

const openApiProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/**
 * The protobuf message of an OpenAPI v2 document that says `swagger: "2.0"` and defines nothing. kubectl 1.27 refuses to apply
 * without such a document, but then leaves validation to the server, as /openapi/v3 tells it to.
 */
const emptyOpenApi = "\x0a\x032.0";

const probes = ["/healthz", "/livez", "/readyz"];

/** Answers the paths that are no resource: discovery, OpenAPI, version, probes. Undefined for an unknown path. */
export function serverDocument(state: KubeState, request: ApiRequest): ApiReply | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const path = request.path.length > 1 ? request.path.replace(/\/$/, "") : request.path;
  if (probes.some((probe) => path === probe || path.startsWith(`${probe}/`)))
    return { kind: "text", status: 200, text: "ok" };
  if (path === "/version") return jsonReply(200, version);
  const endpoints = state.catalog.endpoints();
  if (path === "/") return jsonReply(200, { paths: [...rootPaths(endpoints)] });
  return discoveryDocument(endpoints, path, request) ?? openApiDocument(endpoints, path, request);
}

function rootPaths(endpoints: readonly Endpoint[]): readonly string[] {
  const groupVersions = endpoints
    .filter((endpoint) => endpoint.group !== "")
    .flatMap((endpoint) => [`/apis/${endpoint.group}`, `/apis/${endpoint.group}/${endpoint.version}`]);
  return [
    ...new Set(["/api", "/api/v1", "/apis", ...groupVersions, ...probes, "/openapi/v2", "/openapi/v3", "/version"]),
  ];
}

function discoveryDocument(endpoints: readonly Endpoint[], path: string, request: ApiRequest): ApiReply | undefined {
  const [, root, group = "", groupVersion = "", ...more] = path.split("/");
  if (root !== "api" && root !== "apis") return undefined;
  if (group === "") return jsonReply(200, root === "api" ? legacyVersions(request.host) : groupList(endpoints));
  if (more.length > 0) return undefined;
  const isGroup = root === "apis" && groupVersion === "";
  const [name, version] = root === "api" ? ["", group] : [group, groupVersion];
  const document = isGroup ? groupDocument(endpoints, name) : resourceList(endpoints, name, version);
  return document === undefined ? undefined : jsonReply(200, document);
}

function openApiDocument(endpoints: readonly Endpoint[], path: string, request: ApiRequest): ApiReply | undefined {
  if (path === "/openapi/v2") {
    if (!mediaRanges(request.accept).some(({ type }) => type === openApiProtobuf))
      throw notAcceptable([openApiProtobuf]);
    // The type that clients ask for is no valid media type: real servers answer with a dot for the @.
    return { kind: "text", status: 200, text: emptyOpenApi, contentType: openApiProtobuf.replace("@", ".") };
  }
  if (path === "/openapi/v3") return jsonReply(200, openApiIndex(endpoints));
  const match = /^\/openapi\/v3\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/.exec(path);
  if (match === null) return undefined;
  const group = match[2] ?? "";
  const groupVersion = match[1] ?? match[3] ?? "";
  const isServed = endpoints.some((endpoint) => endpoint.group === group && endpoint.version === groupVersion);
  return isServed ? jsonReply(200, openApi(group, groupVersion, endpoints)) : undefined;
}
