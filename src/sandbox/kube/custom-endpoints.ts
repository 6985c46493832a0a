import type { CompiledCrd, CompiledVersion, JsonObject } from "../../crd/contract.ts";
import { stringMember } from "../../crd/json.ts";
import { allVerbs, apiVersionOf, type Endpoint, type WriteRules } from "./endpoint.ts";
import { metaOf } from "./json.ts";
import type { SelectableFields } from "./query/field-selector.ts";
import { type ServedKind, servedKinds } from "./served-kinds.ts";
import { compileJsonPath } from "./tables/json-path.ts";
import { ageColumn, nameColumn, printerColumn } from "./tables/table-columns.ts";
import { bestVersionFirst } from "./version-order.ts";

const rules: WriteRules = {
  hasGeneration: true,
  unconditionalUpdate: false,
  createOnUpdate: false,
  strategicPatch: false,
  typed: false,
  returnsDeleted: false,
  nameIsLabel: false,
};

/** The endpoints of the served versions of a CRD, all over one collection. */
export function customEndpoints(crd: CompiledCrd): readonly Endpoint[] {
  return servedKinds(crd).flatMap((kind) => {
    const version = crd.versions.find((candidate) => candidate.name === kind.version);
    return version === undefined ? [] : [{ ...customEndpoint(kind, version), ...deprecation(crd, version) }];
  });
}

function customEndpoint(kind: ServedKind, version: CompiledVersion): Endpoint {
  const printed = version.printerColumns.map(printerColumn);
  return {
    ...kind,
    storage: `${kind.group}/${kind.plural}`,
    verbs: allVerbs,
    subresources: version.hasStatus ? ["status"] : [],
    objectSchema: version,
    rules,
    columns: [nameColumn, ...(printed.length === 0 ? [ageColumn("date")] : printed)],
    fields: fieldsOf(version),
    fromStored: servedAs(kind),
    toStored: (object) => object,
  };
}

/** Shows stored objects under the version that is served. */
export function servedAs(version: Pick<ServedKind, "group" | "version">): Endpoint["fromStored"] {
  const apiVersion = apiVersionOf(version);
  return (object) => (object["apiVersion"] === apiVersion ? object : { ...object, apiVersion });
}

/** The CRD's words, or those that the API server finds: which version to use instead. */
function deprecation(crd: CompiledCrd, version: CompiledVersion): Pick<Endpoint, "deprecation"> {
  if (!version.deprecated) return {};
  if (version.deprecationWarning !== "") return { deprecation: version.deprecationWarning };
  const better = crd.versions
    .filter(({ name, served, deprecated }) => served && !deprecated && bestVersionFirst(name, version.name) < 0)
    .map(({ name }) => name)
    .sort(bestVersionFirst);
  const instead = better[0] === undefined ? "" : `; use ${crd.group}/${better[0]} ${crd.kind}`;
  return { deprecation: `${crd.group}/${version.name} ${crd.kind} is deprecated${instead}` };
}

/** The field selectors that every kind offers. */
export const metaFields: SelectableFields = {
  "metadata.name": (object) => stringMember(metaOf(object), "name"),
  "metadata.namespace": (object) => stringMember(metaOf(object), "namespace"),
};

function fieldsOf(version: CompiledVersion): SelectableFields {
  const selectable = version.selectableFields.map((path) => {
    const find = compileJsonPath(path);
    return [path.replace(/^\./, ""), (object: JsonObject) => String(find(object)[0] ?? "")] as const;
  });
  return { ...metaFields, ...Object.fromEntries(selectable) };
}
