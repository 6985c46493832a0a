import type { JsonObject } from "../../../crd/contract.ts";
import { listMember, sameJson, stringMember, stringsMember } from "../../../crd/json.ts";
import { cleanupFinalizer } from "../built-in/definition.ts";
import { compileDefinition } from "../compiled-definitions.ts";
import { customEndpoints } from "../custom-endpoints.ts";
import { metaOf, objectAt, withMeta } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { deleteObject, plainDeletion } from "../storage/delete-object.ts";
import type { Change } from "../storage/object-store.ts";
import { addressOf } from "../storage/write-context.ts";
import { timestamp } from "../time.ts";
import { putOrRelease } from "./put-or-release.ts";

/** The collection of CRDs. */
const definitions = "apiextensions.k8s.io/customresourcedefinitions";

/** Reacts to a write: serves a new CRD at once, and lets a deleted one go when its last object has gone. */
export function followDefinitions(state: KubeState, change: Change): void {
  if (change.storage !== definitions) {
    if (change.type === "DELETED") cleanUpAfter(state, change.storage);
  } else if (change.type === "DELETED") {
    state.catalog.uninstall(change.key);
    state.watches.endStorage(collectionOf(change.object));
  } else if (metaOf(change.object)["deletionTimestamp"] === undefined) {
    install(state, change);
  } else {
    cleanUp(state, change.key);
  }
}

function install(state: KubeState, change: Change): void {
  const specIsNew = change.previous === undefined || !sameJson(change.previous["spec"], change.object["spec"]);
  if (specIsNew) state.catalog.install(change.key, customEndpoints(compileDefinition(change.object)));
  const established = establish(change.object, timestamp(state.clock.nowMs()));
  if (!sameJson(established, change.object)) state.store.put(definitions, change.key, established);
}

function establish(crd: JsonObject, now: string): JsonObject {
  const spec = objectAt(crd, "spec");
  const status = objectAt(crd, "status");
  const conditions = [
    ["NamesAccepted", "NoConflicts", "no conflicts found"],
    ["Established", "InitialNamesAccepted", "the initial names have been accepted"],
  ].map(([type = "", reason = "", message = ""]) => {
    const known = listMember(status, "conditions").find((entry) => stringMember(entry, "type") === type);
    return known ?? { type, status: "True", lastTransitionTime: now, reason, message };
  });
  const acceptedNames = spec["names"] ?? {};
  return { ...crd, status: { ...status, conditions, acceptedNames } };
}

function collectionOf(crd: JsonObject): string {
  const spec = objectAt(crd, "spec");
  return `${stringMember(spec, "group")}/${stringMember(objectAt(spec, "names"), "plural")}`;
}

/** Another object of a custom kind has gone: perhaps its CRD waits for that. */
function cleanUpAfter(state: KubeState, storage: string): void {
  const [group, plural] = storage.split("/");
  const name = `${plural}.${group}`;
  const crd = state.store.get(definitions, name);
  if (crd !== undefined && metaOf(crd)["deletionTimestamp"] !== undefined) cleanUp(state, name);
}

function cleanUp(state: KubeState, name: string): void {
  const crd = state.store.get(definitions, name);
  if (crd === undefined) return;
  const storage = collectionOf(crd);
  const endpoint = state.catalog.inStorage(storage);
  for (const [, object] of state.store.list(storage, "").entries) {
    if (endpoint === undefined || metaOf(object)["deletionTimestamp"] !== undefined) continue;
    deleteObject(state, addressOf(endpoint, object), plainDeletion);
  }
  if (state.store.list(storage, "").entries.length > 0) return;
  const finalizers = stringsMember(metaOf(crd), "finalizers").filter((finalizer) => finalizer !== cleanupFinalizer);
  putOrRelease(state, definitions, name, withMeta(crd, { finalizers: [...finalizers] }));
}
