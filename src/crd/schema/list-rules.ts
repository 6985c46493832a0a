import type { FieldCause, JsonObject } from "../contract.ts";
import { forbidden, invalid, notSupported, required } from "../field-cause.ts";
import { member, objectMember, stringMember, stringsMember } from "../json.ts";

function wrongHolder(source: JsonObject, path: string, extension: string, holder: string): readonly FieldCause[] {
  const type = stringMember(source, "type");
  if (member(source, extension) === undefined || type === holder) {
    return [];
  }
  const detail = `must be ${holder} if ${extension} is specified`;
  return [type === "" ? required(`${path}.type`, detail) : invalid(`${path}.type`, type, detail)];
}

function setCauses(items: JsonObject, path: string): readonly FieldCause[] {
  const type = stringMember(items, "type");
  const detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const list = stringMember(items, "x-kubernetes-list-type");
  if (type === "array" && list !== "" && list !== "atomic") {
    return [invalid(`${path}.items.x-kubernetes-list-type`, list, detail)];
  }
  if (type === "object" && stringMember(items, "x-kubernetes-map-type") !== "atomic") {
    return [invalid(`${path}.items.x-kubernetes-map-type`, list === "" ? null : list, detail)];
  }
  return [];
}

function keyCauses(items: JsonObject, keys: readonly string[], key: string, path: string): readonly FieldCause[] {
  const property = objectMember(objectMember(items, "properties"), key);
  const at = `${path}.items.properties[${key}]`;
  if (property === undefined) {
    const detail = "entries must all be names of item properties";
    return [invalid(`${path}.x-kubernetes-list-map-keys`, [...keys], detail)];
  }
  const causes: FieldCause[] = [];
  const type = stringMember(property, "type");
  if (type === "array" || type === "object") {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    causes.push(invalid(`${at}.type`, stringMember(items, "type"), detail));
  }
  if (!stringsMember(items, "required").includes(key) && member(property, "default") === undefined) {
    const detail =
      "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
    causes.push(required(`${at}.default`, detail));
  }
  if (member(property, "nullable") === true) {
    const detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
    causes.push(forbidden(`${at}.nullable`, detail));
  }
  return causes;
}

function mapCauses(source: JsonObject, items: JsonObject | undefined, path: string): readonly FieldCause[] {
  const keys = stringsMember(source, "x-kubernetes-list-map-keys");
  if (keys.length === 0) {
    return [required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map")];
  }
  if (items === undefined) {
    return [required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  }
  const type = stringMember(items, "type");
  if (type !== "object") {
    return [invalid(`${path}.items.type`, type, "must be object if parent array's x-kubernetes-list-type is map")];
  }
  return keys.flatMap((key) => keyCauses(items, keys, key, path));
}

function listCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const declared = stringMember(source, "x-kubernetes-list-type");
  const items = objectMember(source, "items");
  const nullable =
    (declared === "set" || declared === "map") && member(items, "nullable") === true
      ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${declared}`)]
      : [];
  switch (declared) {
    case "atomic":
      return [];
    case "set":
      return [...nullable, ...(items === undefined ? [] : setCauses(items, path))];
    case "map":
      return [...nullable, ...mapCauses(source, items, path)];
    default:
      return [notSupported(`${path}.x-kubernetes-list-type`, declared, ["atomic", "set", "map"])];
  }
}

/** What is wrong with the `x-kubernetes-list-*` and `x-kubernetes-map-type` of one schema node. */
export function listRuleCauses(source: JsonObject, path: string): readonly FieldCause[] {
  const causes = [
    ...wrongHolder(source, path, "x-kubernetes-map-type", "object"),
    ...wrongHolder(source, path, "x-kubernetes-list-type", "array"),
  ];
  const mapType = member(source, "x-kubernetes-map-type");
  if (mapType !== undefined && mapType !== "atomic" && mapType !== "granular") {
    causes.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
  }
  const listType = member(source, "x-kubernetes-list-type");
  if (listType !== undefined) {
    causes.push(...listCauses(source, path));
  }
  if (member(source, "x-kubernetes-list-map-keys") !== undefined && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    const at = `${path}.x-kubernetes-list-type`;
    causes.push(listType === undefined ? required(at, detail) : invalid(at, listType, detail));
  }
  return causes;
}
