import { RE2JS } from "re2js";
import type { FieldCause, Json, JsonObject } from "./contract.ts";
import { forbidden, invalid, required } from "./field-cause.ts";
import { isObject, listMember, member, objectMember, sameJson, stringMember } from "./json.ts";
import { listRuleCauses } from "./list-rules.ts";

type Level = "root" | "item" | "field";

const missingType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

const unsupported: readonly string[] = [
  ...["$ref", "$schema", "id", "additionalItems", "definitions", "dependencies", "patternProperties"],
];

const intOrString = [{ type: "integer" }, { type: "string" }];

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
  if (member(source, "additionalProperties") === false) {
    causes.push(forbidden(`${path}.additionalProperties`, "additionalProperties cannot be set to false"));
  }
  return causes;
}

function patternCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const pattern = stringMember(source, "pattern");
  try {
    RE2JS.compile(pattern);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`)];
  }
}

const emptyInNested: ReadonlyMap<string, string> = new Map([
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
]);

function nestedProperty(
  name: string,
  property: Json,
  spine: JsonObject | undefined,
  at: string,
): readonly FieldCause[] {
  const declared = objectMember(objectMember(spine, "properties"), name);
  const causes = isObject(property) ? [...nestedCauses(property, declared, at)] : [];
  if (name === "metadata") {
    causes.push(forbidden(at, "must not be specified in a nested context"));
  }
  if (declared === undefined) {
    const outside = at.replace(/\.(allOf|anyOf|oneOf)\[\d+\]|\.not(?=\.|$)/g, "");
    causes.push(required(outside, `because it is defined in ${at}`));
  }
  return causes;
}

/** Below allOf, anyOf, oneOf and not, a schema may only restrict values of fields that are declared outside. */
function nestedCauses(nested: JsonObject, spine: JsonObject | undefined, path: string): readonly FieldCause[] {
  const causes: FieldCause[] = [];
  for (const [key, detail] of emptyInNested) {
    const value = member(nested, key);
    if (value !== undefined && value !== false && value !== "") {
      causes.push(forbidden(`${path}.${key}`, detail));
    }
  }
  for (const [name, property] of Object.entries(objectMember(nested, "properties") ?? {})) {
    causes.push(...nestedProperty(name, property, spine, `${path}.properties[${name}]`));
  }
  const items = objectMember(nested, "items");
  if (items !== undefined) {
    causes.push(...nestedCauses(items, objectMember(spine, "items"), `${path}.items`));
  }
  return [...causes, ...patternCauses(nested, path), ...compositionCauses(nested, spine, path, false)];
}

function compositionCauses(
  source: JsonObject,
  spine: JsonObject | undefined,
  path: string,
  mayBeIntOrString: boolean,
): readonly FieldCause[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => {
    const branches = listMember(source, keyword);
    if (mayBeIntOrString && keyword === "anyOf" && sameJson([...branches], intOrString)) {
      return [];
    }
    return branches.flatMap((branch, index) => {
      const wrapped = mayBeIntOrString && keyword === "allOf" && index === 0;
      const intOrStringBranch = wrapped && sameJson(branch, { anyOf: intOrString });
      return isObject(branch) && !intOrStringBranch ? nestedCauses(branch, spine, `${path}.${keyword}[${index}]`) : [];
    });
  });
  const not = objectMember(source, "not");
  return not === undefined ? lists : [...lists, ...nestedCauses(not, spine, `${path}.not`)];
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
    ...(mapAtRoot ? [forbidden(`${path}.additionalProperties`, "must not be used at the root")] : []),
    ...extensionCauses(source, path),
    ...keywordCauses(source, path),
    ...patternCauses(source, path),
    ...listRuleCauses(source, path),
    ...compositionCauses(source, source, path, flag(source, "x-kubernetes-int-or-string")),
    ...(level === "root" ? metadataCauses(source, path) : []),
    ...below(source, path),
  ];
}
