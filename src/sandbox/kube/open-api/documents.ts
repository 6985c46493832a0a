import { createHash } from "node:crypto";
import type { JsonObject } from "../../../crd/contract.ts";
import type { Endpoint } from "../endpoint.ts";
import { commonSchemas, kindSchemas } from "./definitions.ts";
import { patchPath } from "./paths.ts";

/** The document behind `/openapi/v3/apis/<group>/<version>` or `/openapi/v3/api/v1`. */
export function openApi(group: string, version: string, endpoints: readonly Endpoint[]): JsonObject {
  const own = endpoints.filter((endpoint) => endpoint.group === group && endpoint.version === version);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "sandbox" },
    paths: Object.assign({}, ...own.map(patchPath)),
    components: { schemas: Object.assign({ ...commonSchemas }, ...own.map(kindSchemas)) },
  };
}

/** The document behind `/openapi/v3`. The hash in each address changes with its document: clients keep documents by address. */
export function openApiIndex(endpoints: readonly Endpoint[]): JsonObject {
  const paths: JsonObject = {};
  for (const { group, version } of endpoints) {
    const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    if (paths[path] === undefined) {
      const text = JSON.stringify(openApi(group, version, endpoints));
      const hash = createHash("sha256").update(text).digest("hex").slice(0, 32).toUpperCase();
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
  }
  return { paths };
}
