import { ruleCausesOf } from "./cel/check.ts";
import { compileRules } from "./cel/rules.ts";
import type { CompiledCrd, CompiledVersion, FieldCause, Json, JsonObject, PrinterColumn } from "./contract.ts";
import { crdCauses } from "./crd-rules.ts";
import { InvalidCrdError, invalid } from "./field-cause.ts";
import { isObject, listMember, member, numberMember, objectMember, stringMember, stringsMember } from "./json.ts";
import { withDefaults, withoutDefaults } from "./schema/defaults.ts";
import { listTypeCauses } from "./schema/list-types.ts";
import { pruneResource } from "./schema/prune.ts";
import { type SchemaCheck, schemaCheck } from "./schema/schema-check.ts";
import { type SchemaNode, schemaNode } from "./schema/structural.ts";

const columnTypes = new Set(["integer", "number", "string", "boolean", "date"]);

function printerColumn(source: Json): PrinterColumn {
  const type = stringMember(source, "type");
  return {
    name: stringMember(source, "name"),
    type: columnTypes.has(type) ? (type as PrinterColumn["type"]) : "string",
    format: stringMember(source, "format"),
    description: stringMember(source, "description"),
    priority: numberMember(source, "priority") ?? 0,
    jsonPath: stringMember(source, "jsonPath"),
  };
}

/** What kubectl shows of a kind whose CRD names no columns. */
const ageColumn: PrinterColumn = {
  name: "Age",
  type: "date",
  format: "",
  description: "",
  priority: 0,
  jsonPath: ".metadata.creationTimestamp",
};

/** With one of these the API server does not run the rules: they may rely on what the schema promises. */
const blocking: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const unchecked =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

type Validate = CompiledVersion["validate"];

function validation(root: SchemaNode, path: string, causes: FieldCause[]): Validate {
  const rules = compileRules(root, path);
  causes.push(...rules.causes);
  const { site } = rules;
  const schemaCauses = compiledSchema(root, path, causes);
  return (object, old) => {
    const found = [...schemaCauses(object, old)];
    if (old === undefined || listTypeCauses(old, root).length === 0) {
      found.push(...listTypeCauses(object, root));
    }
    if (site === undefined) {
      return found;
    }
    if (found.some((cause) => blocking.has(cause.reason))) {
      return [...found, invalid("", null, unchecked)];
    }
    return [...found, ...ruleCausesOf(site, object, old)];
  };
}

function compileVersion(version: Json, path: string, causes: FieldCause[]): CompiledVersion {
  const schema = objectMember(objectMember(version, "schema"), "openAPIV3Schema") ?? {};
  const root = schemaNode(schema);
  const columns = listMember(version, "additionalPrinterColumns").map(printerColumn);
  return {
    name: stringMember(version, "name"),
    schema,
    storage: member(version, "storage") === true,
    served: member(version, "served") === true,
    deprecated: member(version, "deprecated") === true,
    deprecationWarning: stringMember(version, "deprecationWarning"),
    hasStatus: objectMember(objectMember(version, "subresources"), "status") !== undefined,
    printerColumns: columns.length === 0 ? [ageColumn] : columns,
    selectableFields: listMember(version, "selectableFields").map((field) => stringMember(field, "jsonPath")),
    unknownFields: (object) => pruneResource(object, root).unknown,
    prune: (object) => pruneResource(object, root).object,
    applyDefaults: (object) => withDefaults(object, root),
    withoutDefaults: (object) => withoutDefaults(object, root) as JsonObject,
    validate: validation(root, path, causes),
  };
}

/** A schema that Ajv or RE2 cannot compile, such as one with an unknown type, is a cause and refuses nothing. */
function compiledSchema(root: SchemaNode, path: string, causes: FieldCause[]): SchemaCheck {
  try {
    return schemaCheck(root);
  } catch (error) {
    causes.push(invalid(path, null, error instanceof Error ? error.message : String(error)));
    return () => [];
  }
}

/**
 * Compiles a CustomResourceDefinition of `apiextensions.k8s.io/v1`: everything a request needs is made ready here. Raises
 * InvalidCrdError, which lists everything that makes the CRD unusable.
 */
export function compileCrd(crd: JsonObject): CompiledCrd {
  const name = stringMember(objectMember(crd, "metadata"), "name");
  const spec = objectMember(crd, "spec") ?? {};
  const names = objectMember(spec, "names");
  const causes: FieldCause[] = [...crdCauses(crd)];
  const versions = listMember(spec, "versions")
    .filter(isObject)
    .map((version, index) => compileVersion(version, `spec.versions[${index}].schema.openAPIV3Schema`, causes));
  if (causes.length > 0) {
    throw new InvalidCrdError(name, causes);
  }
  const kind = stringMember(names, "kind");
  return {
    group: stringMember(spec, "group"),
    kind,
    plural: stringMember(names, "plural"),
    singular: stringMember(names, "singular") || kind.toLowerCase(),
    listKind: stringMember(names, "listKind") || `${kind}List`,
    shortNames: stringsMember(names, "shortNames"),
    categories: stringsMember(names, "categories"),
    scope: stringMember(spec, "scope") === "Cluster" ? "Cluster" : "Namespaced",
    versions,
  };
}
