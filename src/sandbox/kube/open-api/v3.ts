import { createHash } from "node:crypto";
import type { JsonObject, OpenApiV3, OpenApiV3Index } from "../../../crd/contract.ts";
import { commonSchemas, kindSchemas } from "./definitions.ts";
import { kindPaths } from "./paths.ts";

const info: JsonObject = { title: "Kubernetes", version: "sandbox" };

function documentPath(group: string, version: string): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

export const openApiV3: OpenApiV3 = (group, version, kinds) => {
  const own = kinds.filter((kind) => kind.group === group && kind.version === version);
  const schemas = own.map((kind) => kindSchemas(kind, "#/components/schemas/"));
  const paths = own.map((kind) => kindPaths(kind, "#/components/schemas/"));
  return {
    openapi: "3.0.0",
    info,
    paths: Object.assign({}, ...paths),
    components: { schemas: Object.assign({ ...commonSchemas }, ...schemas) },
  };
};

/** The hash in each address changes with the document: clients keep documents by address. */
export const openApiV3Index: OpenApiV3Index = (kinds) => {
  const paths: JsonObject = {};
  for (const { group, version } of kinds) {
    const path = documentPath(group, version);
    if (paths[path] === undefined) {
      const hash = createHash("sha256")
        .update(JSON.stringify(openApiV3(group, version, kinds)))
        .digest("hex");
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash.slice(0, 32).toUpperCase()}` };
    }
  }
  return { paths };
};
