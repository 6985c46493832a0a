import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient } from "../../engine/ports.ts";
import { hasTrace } from "../../model/trace.ts";
import { addFinalizerPatch, hasFinalizer, removeFinalizerPatch } from "../finalizer.ts";
import { keyText } from "../object-key.ts";
import type { MutationCache } from "./mutation-cache.ts";
import { hasEntities } from "./outcomes.ts";
import type { Subject } from "./subject.ts";

/** What the finalizer is written with. */
export interface FinalizerKeeperDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
}

/** Writes the controller's finalizer. Errors of all methods: those of the patch, a ConflictError when the object has changed. */
export class FinalizerKeeper {
  readonly #deps: FinalizerKeeperDependencies;

  constructor(deps: FinalizerKeeperDependencies) {
    this.#deps = deps;
  }

  /** Adds the finalizer before anything of the object is in AWS. */
  async add(subject: Subject, signal: AbortSignal): Promise<Subject> {
    if (hasFinalizer(subject.object)) return subject;
    const raw = await this.#add(subject.raw, subject.object, signal);
    // The very version that was judged, with a finalizer more.
    const { metadata } = parseInstanceProfile(raw);
    return { ...subject, raw, object: { ...subject.object, metadata }, isNew: !hasEntities(subject.object) };
  }

  /**
   * Adds the finalizer again that another client removed: whatever blocks the object, what it has in AWS must not outlive it
   * unseen. Returns the object as it is then.
   */
  async restore(
    raw: KubeObject,
    object: Pick<InstanceProfile, "metadata" | "status">,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    return hasFinalizer(object) || !hasTrace(object.status) ? raw : this.#add(raw, object, signal);
  }

  /** Lets the object go. False when there was no finalizer of ours. */
  async remove(object: InstanceProfile, signal: AbortSignal): Promise<boolean> {
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
