import type { JsonObject } from "../../../crd/contract.ts";
import { canonicalJson, isObject, objectMember, stringMember } from "../../../crd/json.ts";
import type { SchemaNode } from "../../../crd/schema/structural.ts";
import { compare } from "./compare.ts";
import { FieldSet } from "./field-set.ts";
import { fieldSetOf } from "./typed-value.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";

function annotationsOf(object: JsonObject): JsonObject {
  return objectMember(objectMember(object, "metadata"), "annotations") ?? {};
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value as JsonObject) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The fields that kubectl set by client-side apply and that still are as it set them: its first server-side apply may
 * take them over without a conflict.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
 */
export function lastAppliedFields(node: SchemaNode, live: JsonObject): FieldSet {
  const last = parsed(stringMember(annotationsOf(live), annotation));
  if (last === undefined || stringMember(last, "apiVersion") !== stringMember(live, "apiVersion")) {
    return FieldSet.none;
  }
  const change = compare(node, last, live);
  return fieldSetOf(node, last).difference(change.modified).difference(change.added).difference(change.removed);
}

/** Keeps kubectl's record of its last client-side apply in step when kubectl itself applies server-side. */
export function syncLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (stringMember(annotations, annotation) === "") {
    return object;
  }
  const metadata = { ...objectMember(applied, "metadata") };
  if (metadata["annotations"] !== undefined) {
    const { [annotation]: _, ...rest } = annotationsOf(applied);
    metadata["annotations"] = rest;
  }
  const text = `${canonicalJson({ ...applied, metadata })}\n`;
  return {
    ...object,
    metadata: { ...objectMember(object, "metadata"), annotations: { ...annotations, [annotation]: text } },
  };
}
