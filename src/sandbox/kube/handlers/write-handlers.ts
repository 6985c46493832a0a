import { jsonTypeOf, objectIn, parseBody, parseJson, parseYaml, UnreadableBodyError } from "../decoding/body.ts";
import { cannotBeHandled, decodeObject, judgeStrictness, unrecognized, withDefaults } from "../decoding/decode.ts";
import { jsonPatch, mergePatch, strategicMergePatch } from "../decoding/patch.ts";
import { type WriteOptions, writeOptions } from "../decoding/request-options.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf, withMeta } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { representation } from "../query/media-type.ts";
import type { Json, JsonObject } from "../schema/contract.ts";
import { invalid as invalidCause } from "../schema/field-cause.ts";
import { isObject, stringMember } from "../schema/json.ts";
import { serverSideApply } from "../schema/server-side-apply.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "../status-error.ts";
import { createObject } from "../storage/create-object.ts";
import { updateObject } from "../storage/update-object.ts";
import { representObject } from "../tables/represent.ts";
import { timestamp } from "../time.ts";
import type { ApiReply, ApiRequest } from "./api-request.ts";
import type { Target } from "./route.ts";

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

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UnreadableBodyError ? badRequest(`${what}${error.message}`) : error;
  }
}

function patchChange(target: Target, request: ApiRequest, options: WriteOptions) {
  const { endpoint } = target;
  const patch = reading("error decoding patch: ", () => parseJson(request.body.text));
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
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(patch)} into Go value of type map[string]interface {}`,
    );
  return mediaType === strategicType ? strategicMergePatch(live, patch) : mergePatch(live, patch);
}

function applyChange(state: KubeState, target: Target, request: ApiRequest, options: WriteOptions) {
  const { endpoint, subresource } = target;
  const applied = appliedObject(target, request, options);
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
    return withDefaults(endpoint, merged.object);
  };
}

function appliedObject(target: Target, request: ApiRequest, options: WriteOptions): JsonObject {
  const { endpoint } = target;
  const parsed = reading("error decoding YAML: ", () => parseYaml(request.body.text));
  const given = reading("error decoding YAML: ", () => objectIn(parsed));
  const meta = metaOf(given);
  if (meta["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (stringMember(given, "kind") === "") {
    const [group = "", version = ""] = `/${stringMember(given, "apiVersion")}`.split("/").slice(-2);
    throw badRequest(`invalid object type: ${group}/${version}, Kind=`);
  }
  const named = meta["name"] === undefined ? withMeta(given, { name: target.name }) : given;
  const { strictProblems } = decodeObject(endpoint, named);
  const unknown = strictProblems.map((problem) => /"(.*)"/.exec(problem)?.[1] ?? problem);
  if (unknown.length > 0) throw untypable(endpoint, given, unknown);
  const duplicates = parsed.duplicates.map((field) => `key ${JSON.stringify(field)} already set in map`);
  judgeStrictness(duplicates, options.fieldValidation, request.warnings, badRequest);
  return named;
}

/** Server-side apply needs to know every field: fieldValidation makes no difference, and the API server calls it its own fault. */
function untypable(endpoint: Endpoint, given: JsonObject, unknown: readonly string[]): StatusError {
  const meta = metaOf(given);
  const who = `${stringMember(meta, "namespace")}/${stringMember(meta, "name")}`;
  const lines = unknown.map((field) => `.${field}: field not declared in schema`);
  const what = lines.length === 1 ? lines[0] : `errors:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  const kind = `${apiVersionOf(endpoint)}, Kind=${endpoint.kind}`;
  return new StatusError(500, "", `failed to create typed patch object (${who}; ${kind}): ${what}`);
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
