import type { FieldCause, JsonObject } from "../contract.ts";
import { forbidden, invalid, notSupported, required } from "../field-cause.ts";
import { isObject, member, objectMember, stringMember } from "../json.ts";
import { compositionCauses, patternCauses } from "./composition-rules.ts";
import { listRuleCauses } from "./list-rules.ts";

type Level = "root" | "item" | "field";

const missingType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

const jsonTypes = ["array", "boolean", "integer", "number", "object", "string"];

const unsupported: readonly string[] = [
  ...["$ref", "$schema", "id", "additionalItems", "definitions", "dependencies", "patternProperties"],
];

function flag(source: JsonObject, key: string): boolean {
  return member(source, key) === true;
}

function typeCauses(source: JsonObject, path: string, level: Level): readonly FieldCause[] {
  const type = stringMember(source, "type");
  const at = `${path}.type`;
  if (flag(source, "x-kubernetes-embedded-resource") && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(at, detail) : invalid(at, type, detail)];
  }
  const typeless = flag(source, "x-kubernetes-int-or-string") || flag(source, "x-kubernetes-preserve-unknown-fields");
  if (type === "" && !typeless) {
    return [required(at, missingType[level])];
  }
  if (type !== "" && !jsonTypes.includes(type)) {
    return [notSupported(at, type, jsonTypes)];
  }
  return level === "root" && type !== "" && type !== "object" ? [invalid(at, type, "must be object at the root")] : [];
}

function extensionCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const causes: FieldCause[] = [];
  if (flag(source, "x-kubernetes-int-or-string")) {
    for (const key of ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"]) {
      if (flag(source, key)) {
        causes.push(invalid(`${path}.${key}`, true, "must be false if x-kubernetes-int-or-string is true"));
      }
    }
  }
  if (member(source, "x-kubernetes-preserve-unknown-fields") === false) {
    causes.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  }
  const bare =
    objectMember(source, "properties") === undefined && !flag(source, "x-kubernetes-preserve-unknown-fields");
  if (flag(source, "x-kubernetes-embedded-resource") && bare) {
    const detail =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    causes.push(required(`${path}.properties`, detail));
  }
  return causes;
}

function keywordCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const causes = unsupported
    .filter((key) => member(source, key) !== undefined)
    .map((key) => forbidden(`${path}.${key}`, `${key} is not supported`));
  if (flag(source, "uniqueItems")) {
    causes.push(
      forbidden(
        `${path}.uniqueItems`,
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  }
  if (member(source, "additionalProperties") !== undefined && objectMember(source, "properties") !== undefined) {
    causes.push(forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
  }
  return causes;
}

function metadataCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const metadata = objectMember(objectMember(source, "properties"), "metadata");
  if (metadata === undefined) {
    return [];
  }
  const at = `${path}.properties[metadata]`;
  const rest = Object.keys(metadata).filter((key) => !["type", "description", "properties"].includes(key));
  const names = Object.keys(objectMember(metadata, "properties") ?? {});
  const extra = names.filter((name) => name !== "name" && name !== "generateName");
  const causes: FieldCause[] = [];
  if (stringMember(metadata, "type") !== "object") {
    causes.push(invalid(`${at}.type`, stringMember(metadata, "type"), "must be object"));
  }
  if (rest.length > 0 || extra.length > 0) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    causes.push(forbidden(at, detail));
  }
  return causes;
}

function below(source: JsonObject, path: string): readonly FieldCause[] {
  const properties = Object.entries(objectMember(source, "properties") ?? {}).flatMap(([name, property]) =>
    isObject(property) ? structureCauses(property, `${path}.properties[${name}]`, "field") : [],
  );
  const items = objectMember(source, "items");
  const additional = objectMember(source, "additionalProperties");
  return [
    ...properties,
    ...(items === undefined ? [] : structureCauses(items, `${path}.items`, "item")),
    ...(additional === undefined ? [] : structureCauses(additional, `${path}.additionalProperties`, "field")),
  ];
}

/**
 * What keeps a schema from being structural, with the places in the CRD.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function structureCauses(source: JsonObject, path: string, level: Level): readonly FieldCause[] {
  const noItems = stringMember(source, "type") === "array" && objectMember(source, "items") === undefined;
  const mapAtRoot = level === "root" && member(source, "additionalProperties") !== undefined;
  return [
    ...typeCauses(source, path, level),
    ...(noItems ? [required(`${path}.items`, "must be specified")] : []),
    ...(level === "root" && flag(source, "nullable")
      ? [forbidden(`${path}.nullable`, "nullable cannot be true at the root")]
      : []),
    ...(mapAtRoot ? [forbidden(`${path}.additionalProperties`, "must not be used at the root")] : []),
    ...extensionCauses(source, path),
    ...keywordCauses(source, path),
    ...patternCauses(source, path),
    ...listRuleCauses(source, path),
    ...compositionCauses(
      source,
      level === "root" ? source : "unchecked",
      path,
      flag(source, "x-kubernetes-int-or-string"),
    ),
    ...(level === "root" ? metadataCauses(source, path) : []),
    ...below(source, path),
  ];
}
