import { applyPatch, type Operation, Pointer } from "rfc6902";

import type { Json, JsonObject } from "../../../crd/contract.ts";
import { cloneJson, isObject, member, stringsMember } from "../../../crd/json.ts";
import type { Endpoint } from "../endpoint.ts";
import { badRequest, patchDoesNotApply, tooLarge } from "../status-error.ts";

/** The media type of RFC 6902 patches. */
export const JSON_PATCH = "application/json-patch+json";
/** The media type of server-side apply. */
export const APPLY_PATCH = "application/apply-patch+yaml";
/** The media type of patches that built-in kinds merge by rules of their own. */
export const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";

const maxOperations = 10_000;

/** The media types of the patches that a kind takes, besides server-side apply. */
export function patchTypes({ rules }: Pick<Endpoint, "rules">): readonly string[] {
  return [JSON_PATCH, "application/merge-patch+json", ...(rules.strategicPatch ? [STRATEGIC_MERGE_PATCH] : [])];
}

/**
 * Applies an RFC 6902 patch to a copy. Raises 400 for what is no patch, 422 for a failed `test` or a path that is not
 * there; nothing is half applied.
 */
export function jsonPatch(object: JsonObject, patch: Json): JsonObject {
  if (!Array.isArray(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  if (patch.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`);
  }
  const copy = cloneJson(object);
  for (const operation of patch) {
    if (!isOperation(operation)) throw patchDoesNotApply();
    if (!isTestOfAbsence(copy, operation)) applyOperation(copy, operation);
  }
  return copy;
}

/** Applies an RFC 7386 merge patch and returns the result; the inputs stay as they are. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const base = isObject(target) ? target : {};
  const entries = Object.entries(patch).filter(([, value]) => value !== null);
  const changed = entries.map(([key, value]) => [key, mergePatch(member(base, key), value)] as const);
  const kept = Object.entries(base).filter(([key]) => !Object.hasOwn(patch, key));
  return Object.fromEntries([...kept, ...changed]);
}

/**
 * Applies a strategic merge patch as a merge patch: lists are replaced, save `metadata.finalizers`, which merges as a set;
 * the directives (`$setElementOrder/…`, `$retainKeys`, `$patch`) are obeyed where a map can obey them.
 */
export function strategicMergePatch(object: JsonObject, patch: JsonObject): Json {
  const merged = mergePatch(object, withoutDirectives(patch));
  const metaPatch = member(patch, "metadata");
  if (!isObject(merged) || !isObject(metaPatch)) return merged;
  const removed = new Set(stringsMember(metaPatch, "$deleteFromPrimitiveList/finalizers"));
  const finalizers = [
    ...new Set([...stringsMember(member(object, "metadata"), "finalizers"), ...stringsMember(metaPatch, "finalizers")]),
  ].filter((finalizer) => !removed.has(finalizer));
  if (metaPatch["finalizers"] === null) return merged;
  return mergePatch(merged, { metadata: { finalizers: finalizers.length > 0 ? finalizers : null } });
}

function withoutDirectives(patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (patch["$patch"] === "delete") return null;
  const entries = Object.entries(patch).filter(([key]) => !key.startsWith("$"));
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutDirectives(value)]));
}

function isOperation(value: Json): value is JsonObject & Operation {
  return isObject(value) && typeof value["op"] === "string" && typeof value["path"] === "string";
}

/** The API server's library takes an absent value for null; RFC 6902 does not. */
function isTestOfAbsence(target: JsonObject, operation: Operation): boolean {
  if (operation.op !== "test" || operation.value !== null) return false;
  return Pointer.fromJSON(operation.path).evaluate(target).value === undefined;
}

function applyOperation(target: JsonObject, operation: Operation): void {
  let failure: Error | null | undefined;
  try {
    [failure] = applyPatch(target, [operation]);
  } catch {
    throw patchDoesNotApply();
  }
  if (failure !== null && failure !== undefined) throw patchDoesNotApply();
}
