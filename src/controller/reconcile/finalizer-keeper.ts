import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient } from "../../engine/ports.ts";
import { hasTrace } from "../../model/ownership.ts";
import { addFinalizerPatch, hasFinalizer, removeFinalizerPatch } from "../finalizer.ts";
import { keyText } from "../object-key.ts";
import type { MutationCache } from "./mutation-cache.ts";
import { hasEntities } from "./outcomes.ts";
import type { Subject } from "./subject.ts";

/** The dependencies of {@link FinalizerKeeper}. */
export interface FinalizerKeeperDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
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
  async add(subject: Subject, signal: AbortSignal): Promise<Subject> {
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
