import type { JsonObject } from "../../../crd/contract.ts";
import { sameJson } from "../../../crd/json.ts";
import type { KubeState } from "../kube-state.ts";
import { isReleased } from "../storage/update-object.ts";

/** Writes an object from which a controller took a finalizer; one that is being deleted and has no other goes. */
export function putOrRelease({ store, catalog }: KubeState, storage: string, key: string, object: JsonObject): void {
  const endpoint = catalog.inStorage(storage);
  const live = store.get(storage, key);
  if (endpoint === undefined || live === undefined) return;
  if (isReleased(endpoint, object)) store.remove(storage, key, object);
  else if (!sameJson(object, live)) store.put(storage, key, object);
}
