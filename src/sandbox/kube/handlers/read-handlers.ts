import type { KubeState } from "../kube-state.ts";
import { listQuery } from "../query/list-query.ts";
import { representation } from "../query/media-type.ts";
import { resourceVersionTooLarge } from "../status-error.ts";
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

/** GET of a collection: a list, or a watch when `watch` asks for it. */
export function listOrWatch(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, namespace, name } = target;
  const as = representation(request.accept, request.query);
  const query = listQuery(endpoint, request.query, name);
  if (query.isWatch) {
    const watch = { endpoint, namespace, query, as };
    state.watches.check(watch);
    return { kind: "watch", open: (sink) => state.watches.start(watch, sink) };
  }
  const list = listObjects(state.store, endpoint, namespace, query);
  const body = representList(endpoint, list, as, state.clock.nowMs());
  return { kind: "object", status: 200, body, format: as.format };
}
