import { RE2JS } from "re2js";
import type { FieldCause, Json, JsonObject } from "../contract.ts";
import { forbidden, invalid, required } from "../field-cause.ts";
import { isObject, listMember, member, objectMember, sameJson, stringMember } from "../json.ts";

const intOrString = [{ type: "integer" }, { type: "string" }];

/** A pattern that is no RE2. */
export function patternCauses(source: JsonObject, path: string): readonly FieldCause[] {
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

/** The declared schema beside a nested one; below the root the API server does not look whether there is one. */
export type Spine = JsonObject | "missing" | "unchecked";

function spineBelow(spine: Spine, schema: JsonObject | undefined): Spine {
  return spine === "unchecked" ? spine : (schema ?? "missing");
}

function declaredIn(spine: Spine): JsonObject | undefined {
  return typeof spine === "string" ? undefined : spine;
}

function nestedProperty(name: string, property: Json, spine: Spine, at: string): readonly FieldCause[] {
  const declared = spineBelow(spine, objectMember(objectMember(declaredIn(spine), "properties"), name));
  const causes = isObject(property) ? [...nestedCauses(property, declared, at)] : [];
  if (name === "metadata") {
    causes.push(forbidden(at, "must not be specified in a nested context"));
  }
  if (declared === "missing") {
    const outside = at.replace(/\.(allOf|anyOf|oneOf)\[\d+\]|\.not(?=\.|$)/g, "");
    causes.push(required(outside, `because it is defined in ${at}`));
  }
  return causes;
}

/** Below allOf, anyOf, oneOf and not, a schema may only restrict values of fields that are declared outside. */
function nestedCauses(nested: JsonObject, spine: Spine, path: string): readonly FieldCause[] {
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
    causes.push(...nestedCauses(items, spineBelow(spine, objectMember(declaredIn(spine), "items")), `${path}.items`));
  }
  return [...causes, ...patternCauses(nested, path), ...compositionCauses(nested, spine, path, false)];
}

/** What is wrong below the allOf, anyOf, oneOf and not of one schema node; `spine` is the node itself at the root. */
export function compositionCauses(
  source: JsonObject,
  spine: Spine,
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
