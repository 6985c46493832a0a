import type { Json, JsonObject, OpenApiV2 } from "../../../crd/contract.ts";
import { isObject, setMember } from "../../../crd/json.ts";
import { commonSchemas, kindSchemas } from "./definitions.ts";
import { kindPaths } from "./paths.ts";

/** Keywords of OpenAPI v3 that v2 does not have. */
const unknownToV2: ReadonlySet<string> = new Set(["anyOf", "not", "nullable", "oneOf"]);

function schemaV2(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(schemaV2);
  }
  if (!isObject(value)) {
    return value;
  }
  const result: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    if (key === "properties" && isObject(entry)) {
      setMember(
        result,
        key,
        Object.fromEntries(Object.entries(entry).map(([name, schema]) => [name, schemaV2(schema)])),
      );
    } else if (!unknownToV2.has(key) && key !== "default" && key !== "enum") {
      setMember(result, key, schemaV2(entry));
    } else if (key === "enum") {
      setMember(result, key, entry);
    }
  }
  return result;
}

export const openApiV2: OpenApiV2 = (kinds) => {
  const schemas = kinds.map((kind) => schemaV2(kindSchemas(kind, "#/definitions/")));
  const paths = kinds.map((kind) => kindPaths(kind, "#/definitions/"));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "sandbox" },
    paths: Object.assign({}, ...paths),
    definitions: Object.assign({ ...commonSchemas }, ...schemas),
  };
};
