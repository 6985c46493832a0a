import { metaOf, objectAt } from "../json.ts";
import { compileCrd } from "../schema/compile-crd.ts";
import type { FieldCause, JsonObject } from "../schema/contract.ts";
import { InvalidCrdError, invalid } from "../schema/field-cause.ts";
import { isObject, listMember, stringMember, stringsMember } from "../schema/json.ts";
import { nameColumn, plainColumn } from "../tables/table-columns.ts";
import { type Behaviour, plainBehaviour, plainRules } from "./behaviour.ts";

/** Holds a deleted CRD until the last of its objects is gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

/** CustomResourceDefinitions; definition-controller.ts installs them. */
export const definitionBehaviour: Behaviour = {
  ...plainBehaviour,
  subresources: ["status"],
  rules: {
    ...plainRules,
    hasGeneration: true,
    unconditionalUpdate: false,
    defaults: withDefaults,
    prepareCreate: (object) => ({ ...object, status: initialStatus(object) }),
    prepareDelete: withCleanup,
    validate,
  },
  columns: [
    nameColumn,
    { ...plainColumn("Created At", (object) => metaOf(object)["creationTimestamp"] ?? null), type: "date" },
  ],
};

/** The names and the conversion that the API server fills in. */
function withDefaults(crd: JsonObject): JsonObject {
  const spec = objectAt(crd, "spec");
  const names = objectAt(spec, "names");
  const kind = stringMember(names, "kind");
  const filled = {
    ...names,
    singular: stringMember(names, "singular") || kind.toLowerCase(),
    listKind: stringMember(names, "listKind") || `${kind}List`,
  };
  return { ...crd, spec: { ...spec, names: filled, conversion: spec["conversion"] ?? { strategy: "None" } } };
}

function initialStatus(crd: JsonObject): JsonObject {
  const versions = listMember(objectAt(crd, "spec"), "versions").filter((version) => isObject(version));
  const stored = versions
    .filter((version) => version["storage"] === true)
    .map((version) => stringMember(version, "name"));
  return { conditions: [], acceptedNames: { plural: "", kind: "" }, storedVersions: stored };
}

function withCleanup(crd: JsonObject): JsonObject {
  const meta = metaOf(crd);
  const others = stringsMember(meta, "finalizers").filter((finalizer) => finalizer !== cleanupFinalizer);
  return { ...crd, metadata: { ...meta, finalizers: [...others, cleanupFinalizer] } };
}

function validate(crd: JsonObject, old?: JsonObject): readonly FieldCause[] {
  try {
    compileCrd(crd);
  } catch (error) {
    if (error instanceof InvalidCrdError) return error.causes;
    throw error;
  }
  return old === undefined ? [] : storedVersionCauses(crd);
}

function storedVersionCauses(crd: JsonObject): readonly FieldCause[] {
  const versions = listMember(objectAt(crd, "spec"), "versions").map((version) => stringMember(version, "name"));
  const stored = stringsMember(objectAt(crd, "status"), "storedVersions");
  return stored.flatMap((version, index) =>
    versions.includes(version)
      ? []
      : [
          invalid(
            `status.storedVersions[${index}]`,
            version,
            "missing from spec.versions; must exist in spec.versions",
          ),
        ],
  );
}
