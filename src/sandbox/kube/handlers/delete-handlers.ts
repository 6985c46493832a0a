import { stringMember } from "../../../crd/json.ts";
import { objectIn, parseBody, UnreadableBodyError } from "../decoding/body.ts";
import { metaOf } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { listQuery } from "../query/list-query.ts";
import { representation } from "../query/media-type.ts";
import { badRequest, StatusError } from "../status-error.ts";
import { type DeleteOptions, deleteObject, deleteOptions } from "../storage/delete-object.ts";
import { listObjects } from "../storage/list-objects.ts";
import { addressOf } from "../storage/write-context.ts";
import { representList, representObject } from "../tables/represent.ts";
import type { ApiReply, ApiRequest } from "./api-request.ts";
import { jsonReply } from "./api-request.ts";
import type { Target } from "./route.ts";

/** DELETE of one object: a Status when it is gone, the object when it waits for finalizers. */
export function deleteOne(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, name } = target;
  const as = representation(request.accept, request.query);
  const options = optionsOf(request);
  const outcome = deleteObject(state, target, options);
  if (outcome.kind === "pending" || endpoint.rules.returnsDeleted) {
    const body = representObject(endpoint, outcome.object, as, state.clock.nowMs());
    const status = outcome.kind === "pending" && options.acceptsLater ? 202 : 200;
    return { kind: "object", status, body, format: as.format };
  }
  return jsonReply(200, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(endpoint.group === "" ? {} : { group: endpoint.group }),
      kind: endpoint.plural,
      uid: stringMember(metaOf(outcome.object), "uid"),
    },
  });
}

/** DELETE of a collection: deletes what the selectors match and answers with the list of it. */
export function deleteCollection(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, namespace } = target;
  const as = representation(request.accept, request.query);
  const query = listQuery(endpoint, request.query);
  const options = optionsOf(request);
  const list = listObjects(state.store, endpoint, namespace, query);
  const items = list.items.flatMap((object) => {
    try {
      return [deleteObject(state, addressOf(endpoint, object), options).object];
    } catch (error) {
      // A finalizer's owner may have been faster.
      if (error instanceof StatusError && error.reason === "NotFound") return [];
      throw error;
    }
  });
  const body = representList(endpoint, { ...list, items }, as, state.clock.nowMs());
  return { kind: "object", status: 200, body, format: as.format };
}

function optionsOf(request: ApiRequest): DeleteOptions {
  if (request.body.text.trim() === "") return deleteOptions(undefined, request.query);
  try {
    const body = objectIn(parseBody(request.body));
    const kind = stringMember(body, "kind");
    if (kind === "" || kind === "DeleteOptions") return deleteOptions(body, request.query);
    throw badRequest(
      `no kind "${kind}" is known for version "${stringMember(body, "apiVersion")}" where DeleteOptions are read`,
    );
  } catch (error) {
    throw error instanceof UnreadableBodyError ? badRequest(error.message) : error;
  }
}
