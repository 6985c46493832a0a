import type { FieldCause, JsonObject } from "./contract.ts";
import { invalid, required } from "./field-cause.ts";
import { listMember, member, objectMember, stringMember } from "./json.ts";

/**
 * What makes a CRD unusable. An API server refuses much more: schemas that are not structural, rules that cost too much, names
 * that no URL may have.
 */
export function crdCauses(crd: JsonObject): readonly FieldCause[] {
  const spec = objectMember(crd, "spec") ?? {};
  const names = objectMember(spec, "names");
  const versions = listMember(spec, "versions");
  const name = stringMember(objectMember(crd, "metadata"), "name");
  const [group, plural] = [stringMember(spec, "group"), stringMember(names, "plural")];
  const needed: readonly (readonly [field: string, value: string])[] = [
    ["spec.group", group],
    ["spec.scope", stringMember(spec, "scope")],
    ["spec.names.plural", plural],
    ["spec.names.kind", stringMember(names, "kind")],
  ];
  const causes = needed.filter(([, value]) => value === "").map(([field]) => required(field));
  if (name !== `${plural}.${group}`) {
    causes.push(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  }
  versions.forEach((version, index) => {
    if (objectMember(objectMember(version, "schema"), "openAPIV3Schema") === undefined) {
      causes.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
    }
  });
  if (versions.filter((version) => member(version, "storage") === true).length !== 1) {
    causes.push(invalid("spec.versions", [...versions], "must have exactly one version marked as storage version"));
  }
  return causes;
}
