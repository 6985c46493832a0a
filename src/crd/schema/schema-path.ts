import type { JsonObject } from "../contract.ts";
import { listMember, member, objectMember, sameJson } from "../json.ts";

/**
 * Where the API server says a version's schema is: it keeps a schema that all versions share in the CRD's one
 * `spec.validation`, a field that the v1 API does not show.
 */
export function schemaPath(crd: JsonObject, index: number): string {
  const schemas = listMember(objectMember(crd, "spec"), "versions").map((version) => member(version, "schema"));
  return schemas.every((schema) => sameJson(schema, schemas[0]))
    ? "spec.validation.openAPIV3Schema"
    : `spec.versions[${index}].schema.openAPIV3Schema`;
}
