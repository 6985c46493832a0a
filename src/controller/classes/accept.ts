import type { InstanceProfile } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import type { KubeObject, ObjectClient } from "../../engine/ports.ts";
import { ConflictError, dispositionOf } from "../../errors.ts";
import type { MutationCache } from "../reconcile/mutation-cache.ts";
import { firstRecord, writeAcceptance } from "./acceptance.ts";
import type { ClassBinding } from "./class-binding.ts";
import type { ClassResolver } from "./class-resolver.ts";

/** The dependencies of {@link accept}. */
export interface AcceptanceDependencies {
  readonly objects: ObjectClient;
  readonly mutationCache: MutationCache;
  readonly classes: Pick<ClassResolver, "acceptances">;
  readonly nowMs: () => number;
}

/** An object that complies with its class. */
interface Candidate {
  readonly key: string;
  readonly raw: KubeObject;
  readonly object: InstanceProfile;
  readonly binding: ClassBinding;
}

/**
 * Records in status that the class has accepted the object, before anything is created in AWS. So the objects that
 * count for the class, and the account that each is bound to, stay known even if the author edits the object or this
 * process stops.
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
  const max = of.spec.maxPerNamespace ?? Number.POSITIVE_INFINITY;
  const { objects: others, orphans } = classes.acceptances.before(object, of);
  if (others + orphans.length >= max) {
    throw new ConflictError(
      `class ${of.metadata.name} accepted another object before ${key}. The controller retries.`,
      {
        reason: "TooManyObjects",
      },
    );
  }
  const { accepted, release, ended } = classes.acceptances.reserve(object, of, nowMs());
  try {
    const record = firstRecord(object, accepted);
    const written = await writeAcceptance(objects, object, record, signal);
    mutationCache.record(key, raw, written);
    const { metadata: current } = parseInstanceProfile(written);
    const status = { observedGeneration: -1, ...object.status, ...record };
    return { raw: written, object: { ...object, metadata: current, status } };
  } catch (error) {
    // If the reply was lost, the write may have succeeded: keep the reservation until the watch would have shown it.
    if (dispositionOf(error) !== "retryable") release();
    throw error;
  } finally {
    ended();
  }
}
