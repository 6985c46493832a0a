import type { InstanceProfile } from "../../api/instance-profile.ts";
import { desiredInstances, profilePathOf } from "../desired-state.ts";
import type { InstanceClaim } from "./instance-claim.ts";

/** The claim of the object on instances; undefined when the spec has no `instances`, or the object is in deletion. */
export function claimOf(object: InstanceProfile, clusterId: string): InstanceClaim | undefined {
  const { metadata, spec } = object;
  const instances = desiredInstances(object);
  if (instances === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const { namespace, name, uid } = metadata;
  return {
    key: `${namespace}/${name}`,
    uid,
    instances,
    profile: { instanceProfileName: spec.instanceProfileName, path: profilePathOf(spec) },
    owner: { clusterId, namespace, name, uid },
  };
}
