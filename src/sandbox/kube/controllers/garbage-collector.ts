import type { JsonObject } from "../../../crd/contract.ts";
import { isObject, listMember, stringMember, stringsMember } from "../../../crd/json.ts";
import { apiVersionOf, keyOf } from "../endpoint.ts";
import { metaOf, withMeta } from "../json.ts";
import type { KubeState } from "../kube-state.ts";
import { deleteObject, plainDeletion } from "../storage/delete-object.ts";
import type { Change } from "../storage/object-store.ts";
import { addressOf } from "../storage/write-context.ts";
import { putOrRelease } from "./put-or-release.ts";

interface Place {
  readonly storage: string;
  readonly key: string;
}

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** Follows `metadata.ownerReferences` as the garbage collector does: deletes what has lost its owners, or lets it go free. */
export class GarbageCollector {
  readonly #state: KubeState;
  /** Owner uid to the objects that name it. */
  readonly #dependents = new Map<string, Map<string, Place>>();

  constructor(state: KubeState) {
    this.#state = state;
  }

  /** Reacts to a write. */
  follow(change: Change): void {
    if (change.previous !== undefined) this.#index(change, change.previous, false);
    if (change.type !== "DELETED") this.#index(change, change.object, true);
    const uid = stringMember(metaOf(change.object), "uid");
    if (change.type === "DELETED") {
      for (const place of this.#dependentsOf(uid)) this.#collect(place, uid);
      for (const owner of ownersOf(change.object)) this.#ownerMayGo(stringMember(owner, "uid"));
    } else if (metaOf(change.object)["deletionTimestamp"] !== undefined) {
      this.#serveFinalizers(change, uid);
    }
  }

  #index(place: Place, object: JsonObject, isPresent: boolean): void {
    const id = `${place.storage} ${place.key}`;
    for (const owner of ownersOf(object)) {
      const uid = stringMember(owner, "uid");
      const known = this.#dependents.get(uid) ?? new Map<string, Place>();
      if (isPresent) known.set(id, { storage: place.storage, key: place.key });
      else known.delete(id);
      if (known.size > 0) this.#dependents.set(uid, known);
      else this.#dependents.delete(uid);
    }
  }

  #dependentsOf(uid: string): readonly Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** The owner has gone: the dependent goes too, unless another owner is there. */
  #collect(place: Place, ownerUid: string): void {
    const object = this.#state.store.get(place.storage, place.key);
    if (object === undefined) return;
    const others = ownersOf(object).filter((owner) => stringMember(owner, "uid") !== ownerUid);
    if (others.some((owner) => this.#exists(owner, object))) this.#disown(place, object, ownerUid);
    else this.#delete(place, object);
  }

  #serveFinalizers(place: Place, uid: string): void {
    const object = this.#state.store.get(place.storage, place.key);
    const finalizers = object === undefined ? [] : stringsMember(metaOf(object), "finalizers");
    if (finalizers.includes(orphan)) {
      for (const [dependent, owned] of this.#ownedBy(uid)) this.#disown(dependent, owned, uid);
      this.#dropFinalizer(place, orphan);
    }
    if (finalizers.includes(foreground)) {
      const untouched = this.#ownedBy(uid).filter(([, owned]) => metaOf(owned)["deletionTimestamp"] === undefined);
      for (const [dependent, owned] of untouched) this.#delete(dependent, owned);
      this.#ownerMayGo(uid);
    }
  }

  #ownedBy(uid: string): readonly (readonly [Place, JsonObject])[] {
    return this.#dependentsOf(uid).flatMap((place): [Place, JsonObject][] => {
      const object = this.#state.store.get(place.storage, place.key);
      return object === undefined ? [] : [[place, object]];
    });
  }

  /** Drops the foreground finalizer of an owner when no dependent blocks it any more. */
  #ownerMayGo(uid: string): void {
    const blocks = this.#ownedBy(uid).some(([, object]) =>
      ownersOf(object).some((entry) => stringMember(entry, "uid") === uid && entry["blockOwnerDeletion"] === true),
    );
    const place = blocks ? undefined : this.#find(uid);
    if (place !== undefined) this.#dropFinalizer(place, foreground);
  }

  #find(uid: string): Place | undefined {
    for (const storage of this.#state.store.storages()) {
      const { entries } = this.#state.store.list(storage, "");
      const found = entries.find(([, object]) => stringMember(metaOf(object), "uid") === uid);
      if (found !== undefined) return { storage, key: found[0] };
    }
    return undefined;
  }

  #dropFinalizer(place: Place, finalizer: string): void {
    const object = this.#state.store.get(place.storage, place.key);
    const present = object === undefined ? [] : stringsMember(metaOf(object), "finalizers");
    if (object === undefined || !present.includes(finalizer)) return;
    const freed = withMeta(object, { finalizers: present.filter((entry) => entry !== finalizer) });
    putOrRelease(this.#state, place.storage, place.key, freed);
  }

  #disown(place: Place, object: JsonObject, ownerUid: string): void {
    const references = ownersOf(object).filter((owner) => stringMember(owner, "uid") !== ownerUid);
    this.#state.store.put(place.storage, place.key, withMeta(object, { ownerReferences: [...references] }));
  }

  #delete(place: Place, object: JsonObject): void {
    const endpoint = this.#state.catalog.inStorage(place.storage);
    if (endpoint === undefined) return;
    const options = { ...plainDeletion, uid: stringMember(metaOf(object), "uid"), policy: undefined };
    deleteObject(this.#state, addressOf(endpoint, object), options);
  }

  #exists(owner: JsonObject, dependent: JsonObject): boolean {
    const [apiVersion, kind] = [stringMember(owner, "apiVersion"), stringMember(owner, "kind")];
    const endpoint = this.#state.catalog
      .endpoints()
      .find((entry) => apiVersionOf(entry) === apiVersion && entry.kind === kind);
    if (endpoint === undefined) return false;
    const namespace = endpoint.namespaced ? stringMember(metaOf(dependent), "namespace") : "";
    const found = this.#state.store.get(endpoint.storage, keyOf(namespace, stringMember(owner, "name")));
    return found !== undefined && stringMember(metaOf(found), "uid") === stringMember(owner, "uid");
  }
}

function ownersOf(object: JsonObject): readonly JsonObject[] {
  return listMember(metaOf(object), "ownerReferences").filter((owner) => isObject(owner));
}
