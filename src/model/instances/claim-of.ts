import type { InstanceProfile } from "../../api/instance-profile.ts";
import { desiredInstances } from "../desired-state.ts";
import type { InstanceClaim } from "./instance-claim.ts";

/** What the object asks of instances, as other objects must know it; undefined when it asks for none, or is going. */
export function claimOf(object: InstanceProfile, clusterId: string): InstanceClaim | undefined {
  const { metadata, spec } = object;
  const instances = desiredInstances(object);
  if (instances === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const { namespace, name, uid } = metadata;
  return {
    key: `${namespace}/${name}`,
    uid,
    instances,
    profile: { instanceProfileName: spec.instanceProfileName, path: spec.path },
    owner: { clusterId, namespace, name, uid },
  };
}
