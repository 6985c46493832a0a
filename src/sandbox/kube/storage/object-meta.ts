import type { FieldCause, JsonObject } from "../../../crd/contract.ts";
import { forbidden, invalid, required, tooLong } from "../../../crd/field-cause.ts";
import { isObject, listMember, sameJson, stringMember, stringsMember } from "../../../crd/json.ts";
import { metaOf, objectAt } from "../json.ts";
import { labelNameProblems, labelValueProblems, qualifiedNameProblems, subdomainProblems } from "./object-names.ts";

const annotationsLimitBytes = 256 * 1024;

/** The fields of metadata that an update may not change. */
const immutable = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

/** What metadata is judged by. */
export interface MetaRules {
  readonly namespaced: boolean;
  readonly nameIsLabel: boolean;
}

/** Everything wrong with the metadata of an object that is about to be stored. */
export function metaCauses(object: JsonObject, rules: MetaRules): readonly FieldCause[] {
  const meta = metaOf(object);
  return [
    ...nameCauses(meta, rules),
    ...labelCauses(objectAt(meta, "labels")),
    ...annotationCauses(objectAt(meta, "annotations")),
    ...listMember(meta, "ownerReferences").flatMap((owner) => (isObject(owner) ? ownerCauses(owner) : [])),
    ...finalizerCauses(stringsMember(meta, "finalizers")),
  ];
}

/** What an update may not do to metadata. */
export function metaUpdateCauses(object: JsonObject, live: JsonObject): readonly FieldCause[] {
  const [meta, liveMeta] = [metaOf(object), metaOf(live)];
  const fixed = immutable
    .filter((key) => !sameJson(meta[key], liveMeta[key]))
    .map((key) => invalid(`metadata.${key}`, meta[key] ?? "", "field is immutable"));
  if (liveMeta["deletionTimestamp"] === undefined) return fixed;
  const known = new Set(stringsMember(liveMeta, "finalizers"));
  const added = [...new Set(stringsMember(meta, "finalizers"))].filter((finalizer) => !known.has(finalizer)).sort();
  if (added.length === 0) return fixed;
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbidden("metadata.finalizers", detail), ...fixed];
}

function nameCauses(meta: JsonObject, rules: MetaRules): readonly FieldCause[] {
  const problemsOf = rules.nameIsLabel ? labelNameProblems : subdomainProblems;
  const prefix = stringMember(meta, "generateName");
  const name = stringMember(meta, "name");
  const causes = (prefix === "" ? [] : problemsOf(prefix.replace(/-$/, "a"))).map((problem) =>
    invalid("metadata.generateName", prefix, problem),
  );
  if (name === "") return [...causes, required("metadata.name", "name or generateName is required")];
  return [...causes, ...problemsOf(name).map((problem) => invalid("metadata.name", name, problem))];
}

function labelCauses(labels: JsonObject): readonly FieldCause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((problem) => invalid("metadata.labels", key, problem)),
    ...labelValueProblems(String(value)).map((problem) => invalid("metadata.labels", value, problem)),
  ]);
}

function annotationCauses(annotations: JsonObject): readonly FieldCause[] {
  const entries = Object.entries(annotations);
  const keys = entries.flatMap(([key]) =>
    qualifiedNameProblems(key.toLowerCase()).map((problem) => invalid("metadata.annotations", key, problem)),
  );
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  return bytes > annotationsLimitBytes ? [...keys, tooLong("metadata.annotations", annotationsLimitBytes)] : keys;
}

function ownerCauses(owner: JsonObject): readonly FieldCause[] {
  const field = "metadata.ownerReferences";
  return ["apiVersion", "kind", "name", "uid"]
    .filter((key) => stringMember(owner, key) === "")
    .map((key) =>
      invalid(`${field}.${key}`, "", key === "apiVersion" ? "version must not be empty" : "must not be empty"),
    );
}

function finalizerCauses(finalizers: readonly string[]): readonly FieldCause[] {
  const names = finalizers.flatMap((finalizer) =>
    qualifiedNameProblems(finalizer).map((problem) => invalid("metadata.finalizers", finalizer, problem)),
  );
  if (!finalizers.includes("orphan") || !finalizers.includes("foregroundDeletion")) return names;
  const detail = "finalizer orphan and foregroundDeletion cannot be both set";
  return [...names, invalid("metadata.finalizers", [...finalizers], detail)];
}
