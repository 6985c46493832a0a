import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { type DesiredAbsent, desiredState } from "../../model/desired-state.ts";
import { LruMap } from "../../model/lru-map.ts";

/** What this process knows of an object that it saw being deleted. */
export interface DeletedObject {
  readonly uid: string;
  /** By the object's status, which only the controller writes. */
  readonly roleId: string;
  readonly instanceProfileId: string | undefined;
  /** The object asked to leave everything in AWS. */
  readonly isRetained: boolean;
  /** What its deletion asks of AWS. */
  readonly desired: DesiredAbsent;
}

/** About 1 kB each. */
const MAX_DELETED = 5_000;

/**
 * The objects that this process saw being deleted, by the unique id of their role. It is the only proof that a role in AWS was an object's:
 * everybody who may tag roles can write owner tags.
 */
export class DeletedObjects {
  readonly #clusterId: string;
  readonly #byRoleId = new LruMap<DeletedObject>(MAX_DELETED);

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /**
   * Records the last version of an object, as its class has it, whose deletion the watch reported. Not for one that is only missing from
   * a new list: the API server may have been set back to a backup. An object that leaves AWS alone (suspended, a dry run) is no proof either,
   * unless a class has accepted it: its author chooses that, and the class bounds what the author may have in AWS.
   */
  record(object: InstanceProfile): void {
    const { metadata, spec, status } = object;
    const roleId = status?.role?.id ?? "";
    const leavesAwsAlone = spec.suspend || spec.mode === "DryRun";
    if (roleId === "" || (leavesAwsAlone && status?.class === undefined)) return;
    const desired = desiredState(object, this.#clusterId);
    if (desired.presence !== "absent") return;
    const isRetained = spec.deletionPolicy === "Retain";
    const instanceProfileId = status?.instanceProfile?.id;
    this.#byRoleId.set(roleId, { uid: metadata.uid, roleId, instanceProfileId, isRetained, desired });
  }

  ofRole(roleId: string): DeletedObject | undefined {
    return this.#byRoleId.get(roleId);
  }
}

/**
 * The last version of an object, as an object that is being deleted: the API server removes one without finalizers at once. Undefined when the
 * spec is not valid, for then its names cannot be trusted.
 */
export function asDeleted(last: KubeObject): InstanceProfile | undefined {
  try {
    const object = parseInstanceProfile(last);
    const { deletionTimestamp = "unknown" } = object.metadata;
    return { ...object, metadata: { ...object.metadata, deletionTimestamp } };
  } catch (error) {
    if (error instanceof ControllerError) return undefined;
    throw error;
  }
}
