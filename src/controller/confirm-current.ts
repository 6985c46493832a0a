import { FORCE_DELETE_ANNOTATION, type InstanceProfile } from "../api/instance-profile.ts";
import type { ConvergeDependencies } from "../engine/converge.ts";
import type { KubeObject, ObjectClient } from "../engine/ports.ts";
import { ConflictError } from "../errors.ts";
import { asReceived, Postponed } from "./pass.ts";

/** A last look before writing AWS: the cache may lag behind an edit, a deletion, or a new object of the same name. */
export function confirmCurrent(objects: ObjectClient, object: InstanceProfile): ConvergeDependencies["confirmCurrent"] {
  const { metadata: then } = object;
  return async (signal) => {
    let live: KubeObject | undefined;
    try {
      live = await objects.get(then, signal);
    } catch (error) {
      throw new Postponed(error);
    }
    const now = live === undefined ? undefined : asReceived(live).metadata;
    const isSame =
      now?.uid === then.uid &&
      now.generation === then.generation &&
      now.deletionTimestamp === then.deletionTimestamp &&
      now.annotations?.[FORCE_DELETE_ANNOTATION] === then.annotations?.[FORCE_DELETE_ANNOTATION];
    if (isSame) return;
    const what = `${then.namespace}/${then.name}`;
    throw new Postponed(new ConflictError(`${what} has changed since it was read`, { reason: "StaleObject" }));
  };
}
