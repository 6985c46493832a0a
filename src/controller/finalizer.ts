import type { InstanceProfile } from "../api/instance-profile.ts";
import type { PatchOperation } from "../engine/ports.ts";

/** The finalizer that keeps an object until its role and instance profile are deleted from AWS. */
export const FINALIZER = "iam.instanceprofile.dev/cleanup";

/** The prefix of the finalizers that keep a class while a deployment with a scope has objects of it. */
export const IN_USE_PREFIX = "iam.instanceprofile.dev/in-use-";

/** True when the object has the controller's finalizer. */
export function hasFinalizer(object: Pick<InstanceProfile, "metadata">, finalizer: string = FINALIZER): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/**
 * Adds the controller's finalizer to exactly the version that was read. The precondition proves that the read was
 * current, and keeps the finalizers of other controllers.
 */
export function addFinalizerPatch(
  { metadata }: Pick<InstanceProfile, "metadata">,
  finalizer: string = FINALIZER,
): readonly PatchOperation[] {
  const guard: PatchOperation = { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion };
  return metadata.finalizers === undefined || metadata.finalizers.length === 0
    ? [guard, { op: "add", path: "/metadata/finalizers", value: [finalizer] }]
    : [guard, { op: "add", path: "/metadata/finalizers/-", value: finalizer }];
}

/** True for a finalizer of the controller, also of a deployment with a scope. */
export function isOwnFinalizer(finalizer: string): boolean {
  return finalizer === FINALIZER || finalizer.startsWith(IN_USE_PREFIX);
}

/**
 * Removes finalizers of the controller from the object with this uid, if its spec is still the one that was reconciled (a
 * deletion policy can be edited during a deletion) and the finalizers are still at the same indexes.
 *
 * @param isRemoved default: {@link FINALIZER}
 */
export function removeFinalizerPatch(
  { metadata }: Pick<InstanceProfile, "metadata">,
  isRemoved: (finalizer: string) => boolean = (finalizer) => finalizer === FINALIZER,
): readonly PatchOperation[] {
  const removed = [...(metadata.finalizers ?? []).entries()].filter(([, finalizer]) => isRemoved(finalizer));
  const removals = removed.reverse().flatMap(([index, value]): readonly PatchOperation[] => {
    const path = `/metadata/finalizers/${index}`;
    return [
      { op: "test", path, value },
      { op: "remove", path },
    ];
  });
  return [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/metadata/generation", value: metadata.generation },
    ...removals,
  ];
}
