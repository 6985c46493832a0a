import { hasExternalRole, type InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { type DesiredAbsent, desiredState } from "../../model/desired-state.ts";
import { LruMap } from "../../model/lru-map.ts";

/** An object whose deletion this process has observed. */
export interface DeletedObject {
  readonly uid: string;
  /** From the object's status, which only the controller writes. */
  readonly roleId: string;
  readonly instanceProfileId: string | undefined;
  /** Of the object's own managed policies. */
  readonly managedPolicyArns: readonly string[];
  /** True if its deletion policy is `Retain`. */
  readonly isRetained: boolean;
  /** The desired state of its deletion. */
  readonly desired: DesiredAbsent;
}

/** About 1 kB each. */
const MAX_DELETED = 5_000;

/**
 * The objects whose deletion this process has observed, by the unique id of their role. This is the only proof that a
 * role in AWS belonged to an object, because any client that may tag roles can write owner tags.
 */
export class DeletedObjects {
  readonly #clusterId: string;
  readonly #byRoleId = new LruMap<DeletedObject>(MAX_DELETED);

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /**
   * Records the last version of an object whose deletion the watch reported, with its class applied. Do not call it for
   * an object that is only missing from a new list: the API server may have been restored from a backup. A suspended
   * object or a dry run, whose deletion must not change AWS, is no proof either, unless a class has accepted it: the
   * class bounds what its author may keep in AWS.
   */
  record(object: InstanceProfile): void {
    const { metadata, spec, status } = object;
    // A role of others is no object's to delete.
    const roleId = hasExternalRole(spec) ? "" : (status?.role?.id ?? "");
    const leavesAwsAlone = spec.suspend || spec.mode === "DryRun";
    if (roleId === "" || (leavesAwsAlone && status?.class === undefined)) return;
    const desired = desiredState(object, this.#clusterId);
    if (desired.presence !== "absent") return;
    const isRetained = spec.deletionPolicy === "Retain";
    const named = {
      roleId,
      instanceProfileId: status?.instanceProfile?.id,
      managedPolicyArns: (status?.managedPolicies ?? []).map(({ arn }) => arn),
    };
    this.#byRoleId.set(roleId, { uid: metadata.uid, ...named, isRetained, desired });
  }

  ofRole(roleId: string): DeletedObject | undefined {
    return this.#byRoleId.get(roleId);
  }
}

/**
 * The last version of a deleted object, with a deletion timestamp, which it lacks if it had no finalizers. Undefined if
 * the spec is invalid, because its names cannot be trusted then.
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
