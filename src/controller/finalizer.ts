import type { InstanceProfile } from "../api/instance-profile.ts";
import { parseInstanceProfile } from "../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../engine/ports.ts";
import { hasEntities, hasTrace } from "../model/ownership.ts";
import { keyText } from "./object-key.ts";
import type { MutationCache } from "./reconcile/mutation-cache.ts";

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

/** The dependencies of {@link FinalizerKeeper}. */
interface FinalizerKeeperDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
}

/** An object as read, and parsed. */
interface ReceivedObject {
  readonly raw: KubeObject;
  readonly object: InstanceProfile;
}

/**
 * Adds and removes the controller's finalizer. Errors of all methods: those of the patch, a ConflictError when the
 * object has changed.
 */
export class FinalizerKeeper {
  readonly #deps: FinalizerKeeperDependencies;

  constructor(deps: FinalizerKeeperDependencies) {
    this.#deps = deps;
  }

  /** Adds the finalizer. Call it before the first write to AWS. */
  async add<T extends ReceivedObject>(
    subject: T,
    signal: AbortSignal,
  ): Promise<T & { readonly isNew?: boolean | undefined }> {
    if (hasFinalizer(subject.object)) return subject;
    const raw = await this.#add(subject.raw, subject.object, signal);
    // The precondition of the patch proves that this is the version that was read, plus the finalizer.
    const { metadata } = parseInstanceProfile(raw);
    return { ...subject, raw, object: { ...subject.object, metadata }, isNew: !hasEntities(subject.object) };
  }

  /**
   * Adds the finalizer again if another client has removed it, also while the object is blocked, so that nothing is
   * left in AWS unnoticed. Returns the new version of the object.
   */
  async restore(
    raw: KubeObject,
    object: Pick<InstanceProfile, "metadata" | "status">,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    return hasFinalizer(object) || !hasTrace(object.status) ? raw : this.#add(raw, object, signal);
  }

  /** Removes the finalizer. False if the object did not have it. */
  async remove(object: Pick<InstanceProfile, "metadata">, signal: AbortSignal): Promise<boolean> {
    if (!hasFinalizer(object)) return false;
    await this.#deps.objects.patch(object.metadata, removeFinalizerPatch(object), signal);
    return true;
  }

  async #add(raw: KubeObject, object: Pick<InstanceProfile, "metadata">, signal: AbortSignal): Promise<KubeObject> {
    const written = await this.#deps.objects.patch(object.metadata, addFinalizerPatch(object), signal);
    this.#deps.mutationCache.record(keyText(object.metadata), raw, written);
    return written;
  }
}
