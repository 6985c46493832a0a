import type { KubeState } from "../kube-state.ts";
import { listQuery } from "../query/list-query.ts";
import { representation } from "../query/media-type.ts";
import { notAcceptable, resourceVersionTooLarge } from "../status-error.ts";
import { listObjects } from "../storage/list-objects.ts";
import { readObject } from "../storage/write-context.ts";
import { representList, representObject } from "../tables/represent.ts";
import type { ApiReply, ApiRequest } from "./api-request.ts";
import type { Target } from "./route.ts";

/** GET of one object or of its subresource. */
export function getObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const as = representation(request.accept, request.query);
  const asked = Number(request.query.get("resourceVersion") ?? 0);
  if (asked > state.store.revision) throw resourceVersionTooLarge(asked, state.store.revision);
  const object = readObject(state, target);
  const body = representObject(target.endpoint, object, as, state.clock.nowMs());
  return { kind: "object", status: 200, body, format: as.format };
}

/** GET of a collection. */
export function list(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, namespace } = target;
  const as = representation(request.accept, request.query);
  const found = listObjects(state.store, endpoint, namespace, listQuery(endpoint, request.query));
  const body = representList(endpoint, found, as, state.clock.nowMs());
  return { kind: "object", status: 200, body, format: as.format };
}

/** GET of a collection with `watch=true`. */
export function watch(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, namespace } = target;
  const as = representation(request.accept, request.query);
  if (as.format !== "json") throw notAcceptable(["application/json;stream=watch"]);
  const query = listQuery(endpoint, request.query);
  return { kind: "watch", open: (sink) => state.watches.start({ endpoint, namespace, query, as }, sink) };
}
