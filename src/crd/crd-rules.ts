import type { FieldCause, Json, JsonObject } from "./contract.ts";
import { invalid, notSupported, required, tooMany } from "./field-cause.ts";
import { listMember, member, objectMember, stringMember } from "./json.ts";
import { resolveFieldPath } from "./schema/field-path.ts";
import { schemaNode } from "./schema/structural.ts";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#crd-selectable-fields */
const maxSelectableFields = 8;
const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const labelRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

function nameCause(names: Json | undefined, key: string): readonly FieldCause[] {
  const name = stringMember(names, key);
  if (name === "") {
    return key === "plural" || key === "kind" ? [required(`spec.names.${key}`)] : [];
  }
  const mixedCase = key === "kind" || key === "listKind";
  if (label.test(mixedCase ? name.toLowerCase() : name)) {
    return [];
  }
  const prefix = mixedCase ? "may have mixed case, but should otherwise match: " : "";
  return [invalid(`spec.names.${key}`, name, `${prefix}${labelRule}`)];
}

function nameCauses(spec: JsonObject): readonly FieldCause[] {
  const names = objectMember(spec, "names");
  return ["plural", "singular", "kind", "listKind"].flatMap((key) => nameCause(names, key));
}

function identityCauses(crd: JsonObject, spec: JsonObject): readonly FieldCause[] {
  const causes: FieldCause[] = [];
  const group = stringMember(spec, "group");
  const name = stringMember(objectMember(crd, "metadata"), "name");
  const expected = `${stringMember(objectMember(spec, "names"), "plural")}.${group}`;
  if (name !== expected) {
    causes.push(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (group === "") {
    causes.push(required("spec.group"));
  } else if (!group.includes(".")) {
    causes.push(invalid("spec.group", group, "should be a domain with at least one dot"));
  }
  const scope = stringMember(spec, "scope");
  if (scope === "") {
    causes.push(required("spec.scope"));
  } else if (scope !== "Cluster" && scope !== "Namespaced") {
    causes.push(notSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
  }
  return causes;
}

function columnCauses(version: JsonObject, path: string): readonly FieldCause[] {
  return listMember(version, "additionalPrinterColumns").flatMap((column, index) => {
    const at = `${path}.additionalPrinterColumns[${index}]`;
    const type = stringMember(column, "type");
    const jsonPath = stringMember(column, "jsonPath");
    const causes = stringMember(column, "name") === "" ? [required(`${at}.name`)] : [];
    if (!columnTypes.includes(type)) {
      const detail = `must be one of ${columnTypes.join(",")}`;
      causes.push(type === "" ? required(`${at}.type`, detail) : invalid(`${at}.type`, type, detail));
    }
    if (jsonPath === "") {
      causes.push(required(`${at}.JSONPath`));
    } else if (!jsonPath.startsWith(".")) {
      causes.push(invalid(`${at}.JSONPath`, jsonPath, "must be a simple json path starting with ."));
    }
    return causes;
  });
}

function selectableCauses(version: JsonObject, path: string): readonly FieldCause[] {
  const fields = listMember(version, "selectableFields");
  const root = schemaNode(objectMember(objectMember(version, "schema"), "openAPIV3Schema") ?? {});
  const causes = fields.flatMap((field, index) =>
    selectableCause(stringMember(field, "jsonPath"), root, `${path}[${index}]`),
  );
  return fields.length > maxSelectableFields ? [...causes, tooMany(path, fields.length, maxSelectableFields)] : causes;
}

function selectableCause(jsonPath: string, root: ReturnType<typeof schemaNode>, path: string): readonly FieldCause[] {
  const at = `${path}.jsonPath`;
  if (jsonPath === "") {
    return [required(at)];
  }
  const found = jsonPath.includes("[") ? undefined : resolveFieldPath(jsonPath, root);
  if (found === undefined) {
    const why = jsonPath.includes("[") ? "array notation is not allowed" : "does not refer to a valid field";
    return [invalid(at, jsonPath, `is an invalid path: ${why}`)];
  }
  if (!["string", "boolean", "integer"].includes(found.node.type)) {
    const detail =
      "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
    return [invalid(at, jsonPath, detail)];
  }
  return [];
}

function versionCauses(version: Json, index: number): readonly FieldCause[] {
  const path = `spec.versions[${index}]`;
  const name = stringMember(version, "name");
  const causes = label.test(name) ? [] : [invalid(`${path}.name`, name, labelRule)];
  if (objectMember(objectMember(version, "schema"), "openAPIV3Schema") === undefined) {
    causes.push(required(`${path}.schema.openAPIV3Schema`));
  }
  const holder = typeof version === "object" && version !== null && !Array.isArray(version) ? version : {};
  return [...causes, ...columnCauses(holder, path), ...selectableCauses(holder, `${path}.selectableFields`)];
}

/** What is wrong with a CRD outside its schemas. */
export function crdCauses(crd: JsonObject): readonly FieldCause[] {
  const spec = objectMember(crd, "spec") ?? {};
  const versions = listMember(spec, "versions");
  const causes = [...identityCauses(crd, spec), ...nameCauses(spec), ...versions.flatMap(versionCauses)];
  const stored = versions.filter((version) => member(version, "storage") === true);
  if (stored.length !== 1) {
    causes.push(invalid("spec.versions", [...versions], "must have exactly one version marked as storage version"));
  }
  if (new Set(versions.map((version) => stringMember(version, "name"))).size !== versions.length) {
    causes.push(invalid("spec.versions", [...versions], "must contain unique version names"));
  }
  return causes;
}
