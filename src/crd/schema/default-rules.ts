import type { FieldCause, Json } from "../contract.ts";
import { invalid } from "../field-cause.ts";
import { isObject, sameJson } from "../json.ts";
import { pruneValue } from "./prune.ts";
import { schemaCheck } from "./schema-check.ts";
import type { SchemaNode } from "./structural.ts";

function defaultCauses(value: Json, node: SchemaNode, path: string): readonly FieldCause[] {
  const pruned = pruneValue(value, node);
  if (isObject(value) && !sameJson(pruned, value)) {
    return [invalid(path, value, "must not have unknown fields")];
  }
  return schemaCheck(node)(value, undefined).map((cause) => ({
    ...cause,
    field: cause.field === "<nil>" ? path : `${path}.${cause.field}`,
  }));
}

/** Defaults that their own schema would refuse or prune. */
export function defaultRuleCauses(node: SchemaNode, path: string): readonly FieldCause[] {
  const own = node.default === undefined ? [] : defaultCauses(node.default, node, `${path}.default`);
  const additional = node.additional === undefined || node.additional === "any" ? undefined : node.additional;
  return [
    ...own,
    ...[...node.properties].flatMap(([name, property]) => defaultRuleCauses(property, `${path}.properties[${name}]`)),
    ...(node.items === undefined ? [] : defaultRuleCauses(node.items, `${path}.items`)),
    ...(additional === undefined ? [] : defaultRuleCauses(additional, `${path}.additionalProperties`)),
  ];
}
