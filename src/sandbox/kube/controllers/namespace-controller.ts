import type { JsonObject } from "../../../crd/contract.ts";
import { listMember, sameJson, stringMember, stringsMember } from "../../../crd/json.ts";
import { metaOf, objectAt } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { deleteObject, plainDeletion } from "../storage/delete-object.ts";
import type { Change } from "../storage/object-store.ts";
import { addressOf } from "../storage/write-context.ts";
import { timestamp } from "../time.ts";
import { putOrRelease } from "./put-or-release.ts";

/** The collection of namespaces. */
const namespaces = "/namespaces";

/** Reacts to a write: empties a namespace that is being deleted, and lets it go when nothing is left in it. */
export function followNamespaces(state: KubeState, change: Change): void {
  const name = change.storage === namespaces ? change.key : stringMember(metaOf(change.object), "namespace");
  if (name === "" || (change.storage !== namespaces && change.type !== "DELETED")) return;
  const namespace = state.store.get(namespaces, name);
  if (namespace === undefined || metaOf(namespace)["deletionTimestamp"] === undefined) return;
  empty(state, name);
  const left = contents(state, name);
  if (left.length === 0) finalize(state, name);
  else reportLeft(state, name, left);
}

interface Content {
  readonly storage: string;
  readonly object: JsonObject;
}

function contents(state: KubeState, namespace: string): readonly Content[] {
  const prefix = `${namespace}/`;
  return state.store
    .storages()
    .flatMap((storage) => state.store.list(storage, prefix).entries.map(([, object]) => ({ storage, object })));
}

function empty(state: KubeState, namespace: string): void {
  for (const { storage, object } of contents(state, namespace)) {
    const endpoint = state.catalog.inStorage(storage);
    if (endpoint?.namespaced !== true || metaOf(object)["deletionTimestamp"] !== undefined) continue;
    deleteObject(state, addressOf(endpoint, object), plainDeletion);
  }
}

function finalize(state: KubeState, name: string): void {
  const live = state.store.get(namespaces, name);
  if (live === undefined) return;
  const spec = objectAt(live, "spec");
  const others = listMember(spec, "finalizers").filter((finalizer) => finalizer !== "kubernetes");
  putOrRelease(state, namespaces, name, { ...live, spec: { ...spec, finalizers: [...others] } });
}

function reportLeft(state: KubeState, name: string, left: readonly Content[]): void {
  const live = state.store.get(namespaces, name);
  if (live === undefined) return;
  const kinds = counted(left.map(({ storage }) => storage.split("/").reverse().join(".").replace(/\.$/, "")));
  const finalizers = counted(left.flatMap(({ object }) => stringsMember(metaOf(object), "finalizers")));
  const resources = kinds.map(([kind, count]) => `${kind} has ${count} resource instances`).join(", ");
  const holders = finalizers.map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).join(", ");
  const status = objectAt(live, "status");
  const conditions = [
    ["NamespaceContentRemaining", "SomeResourcesRemain", `Some resources are remaining: ${resources}`],
    [
      "NamespaceFinalizersRemaining",
      "SomeFinalizersRemain",
      `Some content in the namespace has finalizers remaining: ${holders}`,
    ],
  ].map(([type = "", reason = "", message = ""]) => {
    const known = listMember(status, "conditions").find((entry) => stringMember(entry, "type") === type);
    if (stringMember(known, "message") === message && known !== undefined) return known;
    return { type, status: "True", lastTransitionTime: timestamp(state.clock.nowMs()), reason, message };
  });
  const reported = { ...live, status: { ...status, conditions } };
  if (!sameJson(reported, live)) state.store.put(namespaces, name, reported);
}

function counted(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
}
