import type { InstanceProfile } from "../api/instance-profile.ts";
import type { PatchOperation } from "../engine/ports.ts";

/** The finalizer that keeps an object until its role and instance profile are deleted from AWS. */
export const FINALIZER = "iam.instanceprofile.dev/cleanup";

/** True when the object has the controller's finalizer. */
export function hasFinalizer(object: Pick<InstanceProfile, "metadata">): boolean {
  return object.metadata.finalizers?.includes(FINALIZER) ?? false;
}

/**
 * Adds the controller's finalizer to exactly the version that was read. The precondition proves that the read was
 * current, and keeps the finalizers of other controllers.
 */
export function addFinalizerPatch({ metadata }: Pick<InstanceProfile, "metadata">): readonly PatchOperation[] {
  const guard: PatchOperation = { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion };
  return metadata.finalizers === undefined || metadata.finalizers.length === 0
    ? [guard, { op: "add", path: "/metadata/finalizers", value: [FINALIZER] }]
    : [guard, { op: "add", path: "/metadata/finalizers/-", value: FINALIZER }];
}

/**
 * Removes the controller's finalizer from the object with this uid, if its spec is still the one that was reconciled (a
 * deletion policy can be edited during a deletion) and the finalizer is still at the same index.
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
