import type { JsonObject } from "../../../crd/contract.ts";
import { stringMember } from "../../../crd/json.ts";
import { serverSideApply } from "../apply/server-side-apply.ts";
import { objectIn, parseYaml, reading } from "../decoding/body.ts";
import { decodeObject, judgeStrictness, withDefaults } from "../decoding/decode.ts";
import type { WriteOptions } from "../decoding/request-options.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf, withMeta } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { badRequest, StatusError } from "../status-error.ts";
import type { UpdateRequest } from "../storage/update-object.ts";
import { timestamp } from "../time.ts";
import type { ApiRequest } from "./api-request.ts";
import type { Target } from "./route.ts";

/** What a server-side apply makes of the live object. Raises 400, 409 for fields of others, 500 for unknown fields. */
export function applyChange(
  state: KubeState,
  target: Target,
  request: ApiRequest,
  options: WriteOptions,
): UpdateRequest["change"] {
  const { endpoint, subresource } = target;
  const applied = appliedObject(target, request, options);
  const { manager, force } = options;
  return (live) => {
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
