import type { JsonObject } from "../../../crd/contract.ts";
import { objectIn, parseBody, UnreadableBodyError } from "../decoding/body.ts";
import { cannotBeHandled, decodeObject, judgeStrictness, unrecognized } from "../decoding/decode.ts";
import { APPLY_PATCH, patchTypes } from "../decoding/patch.ts";
import { type WriteOptions, writeOptions } from "../decoding/request-options.ts";
import type { Endpoint } from "../endpoint.ts";
import type { KubeState } from "../kube-state.ts";
import { representation } from "../query/media-type.ts";
import { unsupportedMediaType } from "../status-error.ts";
import { createObject } from "../storage/create-object.ts";
import { updateObject } from "../storage/update-object.ts";
import { representObject } from "../tables/represent.ts";
import type { ApiReply, ApiRequest } from "./api-request.ts";
import { applyChange } from "./apply-change.ts";
import { patchChange } from "./patch-change.ts";
import type { Target } from "./route.ts";

/** POST to a collection. */
export function postObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint } = target;
  const options = writeOptions(request.query, request.userAgent, "CreateOptions", false);
  const object = decodedBody(endpoint, request, options);
  const stored = createObject(state, { ...target, name: "" }, object, { ...options, ownersRecorded: false });
  return answer(state, endpoint, request, stored, 201);
}

/** PUT of an object or of its subresource. */
export function putObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, subresource } = target;
  const options = writeOptions(request.query, request.userAgent, "UpdateOptions", false);
  const object = decodedBody(endpoint, request, options);
  const outcome = updateObject(state, target, {
    ...options,
    subresource,
    mayCreate: endpoint.rules.createOnUpdate,
    ownersRecorded: false,
    uidIsCondition: true,
    change: () => object,
  });
  return answer(state, endpoint, request, outcome.object, outcome.created ? 201 : 200);
}

/** PATCH of an object or of its subresource: JSON patch, merge patch, strategic merge patch or server-side apply. */
export function patchObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, subresource } = target;
  const { mediaType } = request.body;
  const known = [...patchTypes(endpoint), APPLY_PATCH];
  if (!known.includes(mediaType)) throw unsupportedMediaType(known);
  const isApply = mediaType === APPLY_PATCH;
  const options = writeOptions(request.query, request.userAgent, "PatchOptions", isApply);
  const change = isApply ? applyChange(state, target, request, options) : patchChange(target, request, options);
  const outcome = updateObject(state, target, {
    ...options,
    subresource,
    mayCreate: isApply,
    ownersRecorded: isApply,
    uidIsCondition: false,
    change,
  });
  return answer(state, endpoint, request, outcome.object, outcome.created ? 201 : 200);
}

function decodedBody(endpoint: Endpoint, request: ApiRequest, options: WriteOptions): JsonObject {
  const { value, duplicates } = readObjectBody(endpoint, request);
  const { object, strictProblems } = decodeObject(endpoint, value, duplicates);
  judgeStrictness(strictProblems, options.fieldValidation, request.warnings, (why) => cannotBeHandled(endpoint, why));
  return object;
}

function readObjectBody(endpoint: Endpoint, request: ApiRequest) {
  try {
    const parsed = parseBody(request.body);
    return { value: objectIn(parsed), duplicates: parsed.duplicates };
  } catch (error) {
    if (!(error instanceof UnreadableBodyError)) throw error;
    const isYaml = request.body.mediaType === "application/yaml";
    const why = isYaml ? error.message : `couldn't get version/kind; json parse error: ${error.message}`;
    throw unrecognized(endpoint, why, request.body.text);
  }
}

function answer(
  state: KubeState,
  endpoint: Endpoint,
  request: ApiRequest,
  object: JsonObject,
  status: number,
): ApiReply {
  const as = representation(request.accept, request.query);
  const body = representObject(endpoint, object, as, state.clock.nowMs());
  return { kind: "object", status, body, format: as.format };
}
