import { hasExternalRole, type InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../../engine/ports.ts";
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

/** The maximum number of recorded releases: the watch reports each deletion within seconds. */
const MAX_RELEASES = 10_000;

/**
 * Records the objects that this process has released by removing the controller's finalizer, because nothing is left in
 * AWS or the object retains it. If an object is deleted in any other way, its entities stay in AWS.
 */
export class Releases {
  /** By uid; resolves to false when the object no longer existed, or no longer had the finalizer. */
  readonly #byUid = new LruMap<Promise<boolean>>(MAX_RELEASES);

  /**
   * Wraps a client so that removals of finalizers are recorded, before the reply, because the watch may be faster than
   * it.
   */
  noting(client: ObjectClient): ObjectClient {
    return {
      get: (key, signal) => client.get(key, signal),
      patchStatus: (key, operations, signal) => client.patchStatus(key, operations, signal),
      patch: (key, operations, signal) => {
        const uid = releasedUid(operations);
        const reply = client.patch(key, operations, signal);
        if (uid !== undefined) this.#byUid.set(uid, this.#outcome(reply));
        return reply;
      },
    };
  }

  /** True when this process has released the object, or may have, if the reply was lost. */
  async has(uid: string): Promise<boolean> {
    return (await this.#byUid.get(uid)) ?? false;
  }

  /** The result of the release; undefined when this process has not tried to release the object. */
  of(uid: string): Promise<boolean> | undefined {
    return this.#byUid.get(uid);
  }

  #outcome(reply: Promise<KubeObject>): Promise<boolean> {
    return reply.then(
      () => true,
      (error: unknown) => !(error instanceof ControllerError && error.disposition === "conflict"),
    );
  }
}

/** The uid that a removal of a finalizer is guarded by; undefined for every other patch. */
function releasedUid(operations: readonly PatchOperation[]): string | undefined {
  if (!operations.some(({ op, path }) => op === "remove" && path.startsWith("/metadata/finalizers/"))) return undefined;
  const guard = operations.find(({ op, path }) => op === "test" && path === "/metadata/uid");
  return guard !== undefined && "value" in guard ? String(guard.value) : undefined;
}
