import type { InstanceProfile } from "../api/instance-profile.ts";
import { isHeldBack, recordedClaim } from "../model/claim-record.ts";
import type { Requeue } from "../runtime/workers.ts";
import { ROUTINE_PRIORITY } from "../status/requeue.ts";
import { hasFinalizer } from "./finalizer.ts";
import { isUnreportedCreate } from "./never-reported.ts";
import type { RunFacts } from "./pass.ts";
import type { Publisher } from "./publisher.ts";
import type { Sightings } from "./sightings.ts";

/** How soon to see whether the sweep that is under way has seen the object. */
const SWEEP_POLL: Requeue = { kind: "after", delayMs: 1_000, priority: ROUTINE_PRIORITY };

/** As soon, for what a person waits for. */
const UNTOLD_POLL: Requeue = { kind: "after", delayMs: 1_000 };
/** A sweep of a large account, or of one that throttles, takes its time. */
const UNTOLD_PATIENCE_MS = 10_000;

/**
 * A look that nobody waits for need not be one of its own where sweeps look at all objects at once; nor need the first look at
 * what another process had begun with, or left. Undefined when it must be.
 */
export function sparedLook(
  {
    key,
    object,
    run,
    sightings,
  }: { readonly key: string; readonly object: InstanceProfile; readonly run: RunFacts; readonly sightings: Sightings },
  publisher: Publisher,
): Requeue | undefined {
  const { metadata, status } = object;
  const isLeft = isUnreportedCreate(object) && (hasFinalizer(object) || run.wasListed === true);
  if (isLeft && sightings.isFirstSweepAheadFor(UNTOLD_PATIENCE_MS)) return UNTOLD_POLL;
  if (run.urgency !== "routine") return undefined;
  const isKnown = status?.observedGeneration === metadata.generation;
  if (sightings.isFirstSweepAhead && isKnown) return SWEEP_POLL;
  // A scan of IAM records no claim on instances.
  const { instances } = object.spec;
  const isUnrecorded = instances !== undefined && recordedClaim(object, instances) === undefined;
  if (isUnrecorded && !isHeldBack(object)) return undefined;
  return sightings.spares(key) ? publisher.nextLook() : undefined;
}
