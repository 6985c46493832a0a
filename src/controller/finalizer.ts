import type { InstanceProfile } from "../api/instance-profile.ts";
import type { PatchOperation } from "../engine/ports.ts";

/** Holds the object back until what it made in AWS is gone. */
export const FINALIZER = "iam.instanceprofile.dev/cleanup";

/** True when the object waits for us before it may go. */
export function hasFinalizer(object: Pick<InstanceProfile, "metadata">): boolean {
  return object.metadata.finalizers?.includes(FINALIZER) ?? false;
}

/**
 * Adds our finalizer to the very version that was read. The guard makes it also the proof that the read was current, and
 * that nobody else's finalizer is lost.
 */
export function addFinalizerPatch({ metadata }: Pick<InstanceProfile, "metadata">): readonly PatchOperation[] {
  const guard: PatchOperation = { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion };
  return metadata.finalizers === undefined || metadata.finalizers.length === 0
    ? [guard, { op: "add", path: "/metadata/finalizers", value: [FINALIZER] }]
    : [guard, { op: "add", path: "/metadata/finalizers/-", value: FINALIZER }];
}

/**
 * Removes our finalizer from this incarnation of the object, as long as its spec is the one that was acted on (a deletion
 * policy can be edited while an object goes), and only where the finalizer still stands.
 */
export function removeFinalizerPatch({ metadata }: Pick<InstanceProfile, "metadata">): readonly PatchOperation[] {
  const path = `/metadata/finalizers/${metadata.finalizers?.indexOf(FINALIZER) ?? -1}`;
  return [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/metadata/generation", value: metadata.generation },
    { op: "test", path, value: FINALIZER },
    { op: "remove", path },
  ];
}
