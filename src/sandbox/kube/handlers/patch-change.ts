import type { Json, JsonObject } from "../../../crd/contract.ts";
import { invalid as invalidCause } from "../../../crd/field-cause.ts";
import { isObject, stringMember } from "../../../crd/json.ts";
import { jsonTypeOf, parseJson, reading } from "../decoding/body.ts";
import { decodeObject, judgeStrictness } from "../decoding/decode.ts";
import { JSON_PATCH, jsonPatch, mergePatch, STRATEGIC_MERGE_PATCH, strategicMergePatch } from "../decoding/patch.ts";
import type { WriteOptions } from "../decoding/request-options.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf } from "../json.ts";
import { badRequest, invalid, StatusError } from "../status-error.ts";
import type { UpdateRequest } from "../storage/update-object.ts";
import type { ApiRequest } from "./api-request.ts";
import type { Target } from "./route.ts";

/** What a JSON patch, merge patch or strategic merge patch makes of the live object. Raises 400, 413 and 422. */
export function patchChange(target: Target, request: ApiRequest, options: WriteOptions): UpdateRequest["change"] {
  const { endpoint } = target;
  const patch = reading("error decoding patch: ", () => parseJson(request.body.text));
  return (live) => {
    const patched = patchedBy(request.body.mediaType, live ?? {}, patch.value);
    if (!isObject(patched)) throw badRequest("the patch does not leave an object");
    const refuse = (why: string): StatusError =>
      invalid("", "", "", [invalidCause("patch", JSON.stringify(patched), why)]);
    const { object, strictProblems } = decodePatched(endpoint, patched, patch.duplicates, refuse);
    judgeStrictness(strictProblems, options.fieldValidation, request.warnings, refuse);
    return object;
  };
}

/** A patched object that cannot be read is invalid, where one that was sent so is a bad request. */
function decodePatched(
  endpoint: Endpoint,
  patched: JsonObject,
  duplicates: readonly string[],
  refuse: (why: string) => StatusError,
) {
  const [apiVersion, wanted] = [stringMember(patched, "apiVersion"), apiVersionOf(endpoint)];
  if (apiVersion !== wanted) {
    const cause = invalidCause("apiVersion", apiVersion, `must be ${wanted}`);
    throw invalid(endpoint.group, endpoint.kind, stringMember(metaOf(patched), "name"), [cause]);
  }
  try {
    return decodeObject(endpoint, patched, duplicates);
  } catch (error) {
    throw error instanceof StatusError && error.code === 400 ? refuse(error.message) : error;
  }
}

function patchedBy(mediaType: string, live: JsonObject, patch: Json): Json {
  if (mediaType === JSON_PATCH) return jsonPatch(live, patch);
  if (!isObject(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(patch)} into Go value of type map[string]interface {}`,
    );
  return mediaType === STRATEGIC_MERGE_PATCH ? strategicMergePatch(live, patch) : mergePatch(live, patch);
}
