import type { FieldCause, Json, JsonObject } from "../../../crd/contract.ts";
import { InvalidCrdError, invalid } from "../../../crd/field-cause.ts";
import { isObject, listMember, stringMember, stringsMember } from "../../../crd/json.ts";
import { compileDefinition } from "../compiled-definitions.ts";
import { metaOf, objectAt, without } from "../json.ts";
import { nameColumn, plainColumn } from "../tables/table-columns.ts";
import { type Behaviour, plainRules } from "./behaviour.ts";

/** Holds a deleted CRD until the last of its objects is gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

/** CustomResourceDefinitions; definition-controller.ts installs them. */
export const definitionBehaviour: Behaviour = {
  rules: {
    ...plainRules,
    hasGeneration: true,
    unconditionalUpdate: false,
    defaults: withDefaults,
    prepareCreate: (object) => ({ ...object, status: initialStatus(object) }),
    prepareUpdate: (object, _, subresource) => (subresource === "" ? withStoredVersion(object) : object),
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
  const derived: JsonObject = kind === "" ? {} : { singular: kind.toLowerCase(), listKind: `${kind}List` };
  const filled = { ...derived, ...Object.fromEntries(Object.entries(names).filter(([, value]) => value !== "")) };
  return { ...crd, spec: { ...spec, names: filled, conversion: spec["conversion"] ?? { strategy: "None" } } };
}

/** A version that objects are stored in from now on joins those that some are stored in. */
function withStoredVersion(crd: JsonObject): JsonObject {
  const status = objectAt(crd, "status");
  const { storedVersions } = initialStatus(crd);
  const all = [...stringsMember(status, "storedVersions"), ...(Array.isArray(storedVersions) ? storedVersions : [])];
  return { ...crd, status: { ...status, storedVersions: [...new Set(all)] } };
}

function initialStatus(crd: JsonObject): JsonObject {
  const versions = listMember(objectAt(crd, "spec"), "versions").filter((version) => isObject(version));
  const stored = versions
    .filter((version) => version["storage"] === true)
    .map((version) => stringMember(version, "name"));
  return { conditions: [], acceptedNames: { plural: "", kind: "" }, storedVersions: stored };
}

/** The API server marks a CRD in its own way: it counts no generation, and says that the objects go first. */
function withCleanup(marked: JsonObject): JsonObject {
  const meta = without(metaOf(marked), "deletionGracePeriodSeconds");
  const others = stringsMember(meta, "finalizers").filter((finalizer) => finalizer !== cleanupFinalizer);
  const generation = Number(meta["generation"]) - 1;
  const status = objectAt(marked, "status");
  const terminating = {
    type: "Terminating",
    status: "True",
    lastTransitionTime: meta["deletionTimestamp"] ?? null,
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  };
  return {
    ...marked,
    metadata: { ...meta, generation, finalizers: [...others, cleanupFinalizer] },
    status: { ...status, conditions: [...listMember(status, "conditions"), terminating] },
  };
}

function validate(crd: JsonObject, old?: JsonObject): readonly FieldCause[] {
  const causes = [...compilationCauses(crd), ...storedVersionCauses(crd)];
  if (old === undefined) return causes;
  // The name cannot change, so a change of what it is made of is refused as such.
  return [...immutableCauses(crd, old), ...causes.filter(({ field }) => field !== "metadata.name")];
}

function compilationCauses(crd: JsonObject): readonly FieldCause[] {
  try {
    compileDefinition(crd);
    return [];
  } catch (error) {
    if (error instanceof InvalidCrdError) return error.causes;
    throw error;
  }
}

function immutableCauses(crd: JsonObject, old: JsonObject): readonly FieldCause[] {
  const [spec, oldSpec] = [objectAt(crd, "spec"), objectAt(old, "spec")];
  const [names, oldNames] = [objectAt(spec, "names"), objectAt(oldSpec, "names")];
  const pairs: readonly (readonly [field: string, value: Json | undefined, oldValue: Json | undefined])[] = [
    ["spec.group", spec["group"], oldSpec["group"]],
    ["spec.scope", spec["scope"], oldSpec["scope"]],
    ["spec.names.plural", names["plural"], oldNames["plural"]],
    ["spec.names.kind", names["kind"], oldNames["kind"]],
  ];
  return pairs
    .filter(([, value, oldValue]) => value !== oldValue)
    .map(([field, value]) => invalid(field, value ?? "", "field is immutable"));
}

function storedVersionCauses(crd: JsonObject): readonly FieldCause[] {
  const versions = listMember(objectAt(crd, "spec"), "versions").map((version) => stringMember(version, "name"));
  const stored = stringsMember(objectAt(crd, "status"), "storedVersions");
  if (stored.length === 0) return [invalid("status.storedVersions", null, "must have at least one stored version")];
  return stored.flatMap((version, index) => {
    const must = `${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
    const field = `status.storedVersions[${index}]`;
    return versions.includes(version) ? [] : [invalid(field, version, `missing from spec.versions; ${must}`)];
  });
}
