import type { Endpoint, Verb } from "../endpoint.ts";
import type { KubeState } from "../kube-state.ts";
import { isWatch } from "../query/list-query.ts";
import { badRequest, methodNotSupported, notFound, StatusError } from "../status-error.ts";
import type { ApiReply, ApiRequest } from "./api-request.ts";
import { deleteCollection, deleteOne } from "./delete-handlers.ts";
import { getObject, list, watch } from "./read-handlers.ts";
import { routeResource, type Target } from "./route.ts";
import { serverDocument } from "./server-documents.ts";
import { patchObject, postObject, putObject } from "./write-handlers.ts";

/** What was asked of which resource: for the counters. Undefined for discovery and other documents. */
export interface Asked {
  readonly verb: Verb;
  readonly target: Target;
}

const handlers: Readonly<Record<Verb, (state: KubeState, target: Target, request: ApiRequest) => ApiReply>> = {
  get: getObject,
  list,
  watch,
  create: postObject,
  update: putObject,
  patch: patchObject,
  delete: deleteOne,
  deletecollection: deleteCollection,
};

const verbs: Readonly<Record<string, Verb>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** Finds the verb and the resource of a request; undefined for a path that is no resource. */
export function whatIsAsked(
  state: KubeState,
  request: Pick<ApiRequest, "method" | "path" | "query">,
): Asked | undefined {
  const target = routeResource(state.catalog, request.path);
  if (target === undefined) return undefined;
  if (request.method === "GET" || request.method === "HEAD") {
    if (target.name !== "") return { verb: "get", target };
    return { verb: isWatch(request.query) ? "watch" : "list", target };
  }
  const verb = verbs[request.method];
  if (verb === undefined) return undefined;
  return { verb: verb === "delete" && target.name === "" ? "deletecollection" : verb, target };
}

/** Answers a request. Raises StatusError. */
export function handle(state: KubeState, request: ApiRequest): ApiReply {
  const asked = whatIsAsked(state, request);
  if (asked === undefined) return serverDocument(state, request) ?? nothingThere;
  const { verb, target } = asked;
  const { endpoint, namespace, name, subresource } = target;
  if (subresource !== "" && !endpoint.subresources.includes(subresource)) throw notFound(endpoint, name);
  if (endpoint.namespaced && namespace === "" && !acrossNamespaces.includes(verb)) return nothingThere;
  if (name === "" && (verb === "update" || verb === "patch")) throw badRequest("name must be provided");
  if (!isOffered(verb, target)) throw refusal(endpoint, verb);
  if (endpoint.deprecation !== undefined) request.warnings.push(endpoint.deprecation);
  return handlers[verb](state, target, request);
}

const nothingThere: ApiReply = { kind: "text", status: 404, text: "404 page not found\n" };

/** The verbs that a namespaced resource has without a namespace. */
const acrossNamespaces: readonly Verb[] = ["list", "watch", "deletecollection"];

function refusal(endpoint: Endpoint, verb: Verb): StatusError {
  if (!endpoint.rules.typed) return methodNotSupported(endpoint, verb);
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

function isOffered(verb: Verb, target: Target): boolean {
  const { endpoint, name } = target;
  // A POST to an object's own path creates a custom resource, whatever the path's name is.
  if (!endpoint.verbs.includes(verb) || (verb === "create" && name !== "" && endpoint.rules.typed)) return false;
  return target.subresource === "" || ["get", "update", "patch"].includes(verb);
}
