import type { JsonObject } from "../../../crd/contract.ts";
import { APPLY_PATCH, patchTypes } from "../decoding/patch.ts";
import type { Endpoint } from "../endpoint.ts";
import { groupVersionKind } from "./definitions.ts";

/** What kubectl looks for before it uses it: without `fieldValidation` it would validate by itself. */
const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string" },
}));

/** The path of a kind's objects with its PATCH, which is all that kubectl reads of a document's paths. */
export function patchPath(endpoint: Endpoint): JsonObject {
  const { group, version, kind, plural, namespaced } = endpoint;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const path = `${namespaced ? `${root}/namespaces/{namespace}` : root}/${plural}/{name}`;
  const schema = { type: "object" };
  const patch: JsonObject = {
    operationId: `patch-${kind}`,
    parameters,
    requestBody: {
      content: Object.fromEntries([...patchTypes(endpoint), APPLY_PATCH].map((type) => [type, { schema }])),
    },
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": groupVersionKind(endpoint, kind),
  };
  return { [path]: { patch } };
}
