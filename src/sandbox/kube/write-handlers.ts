import type { ApiReply, ApiRequest } from "./api-request.ts";
import { objectIn, parseBody, parseJson, parseYaml } from "./body.ts";
import { createObject } from "./create-object.ts";
import { cannotBeHandled, decodeObject, judgeStrictness } from "./decode.ts";
import { apiVersionOf, type Endpoint } from "./endpoint.ts";
import { metaOf, without } from "./json.ts";
import type { KubeState } from "./kube-state.ts";
import { representation } from "./media-type.ts";
import { jsonPatch, mergePatch, strategicMergePatch } from "./patch.ts";
import { representObject } from "./represent.ts";
import { type WriteOptions, writeOptions } from "./request-options.ts";
import type { Target } from "./route.ts";
import type { Json, JsonObject } from "./schema/contract.ts";
import { invalid as invalidCause } from "./schema/field-cause.ts";
import { isObject } from "./schema/json.ts";
import { serverSideApply } from "./schema/server-side-apply.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "./status-error.ts";
import { timestamp } from "./time.ts";
import { updateObject } from "./update-object.ts";

const applyType = "application/apply-patch+yaml";
const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicType = "application/strategic-merge-patch+json";

/** POST to a collection. */
export function postObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint } = target;
  const options = writeOptions(request.query, request.userAgent, "CreateOptions", false);
  const object = decodedBody(endpoint, request, options);
  if (endpoint.review !== undefined) return answer(state, endpoint, request, endpoint.review(object), 201);
  const stored = createObject(state, target, object, { ...options, ownersRecorded: false });
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
    change: () => object,
  });
  return answer(state, endpoint, request, outcome.object, outcome.created ? 201 : 200);
}

/** PATCH of an object or of its subresource: JSON patch, merge patch, strategic merge patch or server-side apply. */
export function patchObject(state: KubeState, target: Target, request: ApiRequest): ApiReply {
  const { endpoint, subresource } = target;
  const { mediaType } = request.body;
  const known = [jsonPatchType, mergePatchType, ...(endpoint.rules.strategicPatch ? [strategicType] : []), applyType];
  if (!known.includes(mediaType)) throw unsupportedMediaType(known);
  const isApply = mediaType === applyType;
  const options = writeOptions(request.query, request.userAgent, "PatchOptions", isApply);
  const change = isApply ? applyChange(state, target, request, options) : patchChange(target, request, options);
  const outcome = updateObject(state, target, {
    ...options,
    subresource,
    mayCreate: isApply,
    ownersRecorded: isApply,
    change,
  });
  return answer(state, endpoint, request, outcome.object, outcome.created ? 201 : 200);
}

function decodedBody(endpoint: Endpoint, request: ApiRequest, options: WriteOptions): JsonObject {
  const parsed = parseBody(request.body);
  const { object, strictProblems } = decodeObject(endpoint, objectIn(parsed), parsed.duplicates);
  judgeStrictness(strictProblems, options.fieldValidation, request.warnings, (why) => cannotBeHandled(endpoint, why));
  return object;
}

function patchChange(target: Target, request: ApiRequest, options: WriteOptions) {
  const { endpoint } = target;
  const patch = parseJson(request.body.text);
  return (live: JsonObject | undefined): JsonObject => {
    const patched = patchedBy(request.body.mediaType, live ?? {}, patch.value);
    const refuse = (why: string): StatusError =>
      invalid("", "", "", [invalidCause("patch", JSON.stringify(patched), why)]);
    if (!isObject(patched)) throw badRequest("the patch does not leave an object");
    const { object, strictProblems } = decodeObject(endpoint, patched, patch.duplicates);
    judgeStrictness(strictProblems, options.fieldValidation, request.warnings, refuse);
    return object;
  };
}

function patchedBy(mediaType: string, live: JsonObject, patch: Json): Json {
  if (mediaType === jsonPatchType) return jsonPatch(live, patch);
  if (!isObject(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
  return mediaType === strategicType ? strategicMergePatch(live, patch) : mergePatch(live, patch);
}

function applyChange(state: KubeState, target: Target, request: ApiRequest, options: WriteOptions) {
  const { endpoint, subresource } = target;
  const parsed = parseYaml(request.body.text);
  const given = objectIn(parsed);
  const metadata = metaOf(given);
  if (metadata["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  const named = metadata["name"] === undefined ? { ...given, metadata: { ...metadata, name: target.name } } : given;
  const { strictProblems } = decodeObject(endpoint, named, parsed.duplicates);
  judgeStrictness(strictProblems, options.fieldValidation, request.warnings, (why) => cannotBeHandled(endpoint, why));
  const applied = endpoint.objectSchema.prune(onlySubresource(endpoint, named, subresource));
  const { manager, force } = options;
  return (live: JsonObject | undefined): JsonObject => {
    const now = timestamp(state.clock.nowMs());
    const merged = serverSideApply({
      ...(live === undefined ? {} : { live }),
      applied,
      manager,
      force,
      subresource,
      version: endpoint,
      now,
    });
    if (merged.kind === "conflict") throw new StatusError(409, "Conflict", merged.message, { causes: merged.causes });
    return endpoint.objectSchema.applyDefaults(merged.object);
  };
}

/** What an apply may own: without the status on the object itself, nothing but the status on `/status`. */
function onlySubresource(endpoint: Endpoint, applied: JsonObject, subresource: string): JsonObject {
  if (subresource === "") return endpoint.subresources.includes("status") ? without(applied, "status") : applied;
  const { name, namespace, uid, resourceVersion } = metaOf(applied);
  const entries = Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) => value !== undefined);
  return {
    apiVersion: apiVersionOf(endpoint),
    kind: endpoint.kind,
    metadata: Object.fromEntries(entries) as JsonObject,
    ...(applied["status"] === undefined ? {} : { status: applied["status"] }),
  };
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
