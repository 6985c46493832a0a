import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient } from "../../engine/ports.ts";
import { ConflictError, dispositionOf } from "../../errors.ts";
import type { MutationCache } from "../reconcile/mutation-cache.ts";
import { writeAcceptance } from "./acceptance.ts";
import type { ClassBinding } from "./class-binding.ts";
import type { ClassResolver } from "./class-resolver.ts";

/** What an acceptance is written with. */
export interface AcceptanceDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
  readonly classes: Pick<ClassResolver, "acceptances">;
  readonly nowMs: () => number;
}

/** An object that fits its class. */
interface Candidate {
  readonly key: string;
  readonly raw: KubeObject;
  readonly object: InstanceProfile;
  readonly binding: ClassBinding;
}

/**
 * Records in status that the class has accepted the object, before anything of it is in AWS: so it is known afterwards what counts
 * for the class, and which account the object is bound to, whatever its author writes and wherever this process ends.
 *
 * Errors: ConflictError when another object has taken the last place meanwhile; those of the patch.
 */
export async function accept(
  { objects, mutationCache, classes, nowMs }: AcceptanceDependencies,
  { key, raw, object, binding }: Candidate,
  signal: AbortSignal,
): Promise<Pick<Candidate, "raw" | "object">> {
  if (binding.kind !== "bound") return { raw, object };
  const of = binding.class;
  const most = of.spec.maxPerNamespace ?? Number.POSITIVE_INFINITY;
  const { objects: others, orphans } = classes.acceptances.before(object, of);
  if (others + orphans.length >= most) {
    throw new ConflictError(`class ${of.metadata.name} has accepted another object instead of ${key}`, {
      reason: "TooManyObjects",
    });
  }
  const { accepted, release, ended } = classes.acceptances.reserve(object, of, nowMs());
  try {
    const written = await writeAcceptance(objects, object, accepted, signal);
    mutationCache.record(key, raw, written);
    const { metadata: current, status } = parseInstanceProfile(written);
    return { raw: written, object: { ...object, metadata: current, ...(status && { status }) } };
  } catch (error) {
    // A reply that was lost may be that of a write that succeeded: the place stays taken until the watch would have shown that.
    if (dispositionOf(error) !== "retryable") release();
    throw error;
  } finally {
    ended();
  }
}
