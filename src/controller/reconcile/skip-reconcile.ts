import type { InstanceProfile } from "../../api/instance-profile.ts";
import { isHeldBack, recordedClaim } from "../../model/instances/instance-claim.ts";
import { wasReady } from "../../status/conditions-of.ts";
import type { Requeue } from "../../status/requeue.ts";
import { currentRecord } from "../classes/acceptance-record.ts";
import { complianceOf } from "../classes/class-binding.ts";
import { hasFinalizer } from "../finalizer.ts";
import { digestOf, type ScanCoverage } from "../scan/scan-coverage.ts";
import { isPeriodic } from "../urgency.ts";
import type { RunFacts } from "./outcomes.ts";
import type { StatusWriter } from "./status-writer.ts";
import { isUnreportedCreate, type Subject } from "./subject.ts";

/** The requeue of an unreported object that waits for the first scan, with the urgency of a user's change. */
const UNREPORTED_POLL: Requeue = { kind: "after", delayMs: 1_000 };
/** The maximum wait for the first scan: it is slow for a large account, or one that throttles. */
const UNREPORTED_MAX_WAIT_MS = 10_000;

/** An object whose reconcile may be skipped. */
export interface SkipCandidate {
  readonly key: string;
  readonly object: InstanceProfile;
  readonly run: RunFacts;
  readonly coverage: ScanCoverage;
}

/**
 * The requeue of an object whose reconcile is skipped because scans cover it: an object in sync and, during the first
 * scan, an object that an earlier process may have created or left. Undefined when the object must be reconciled.
 */
export function skipReconcile(
  { key, object, run, coverage }: SkipCandidate,
  statusWriter: Pick<StatusWriter, "nextResync">,
): Requeue | undefined {
  if (coverage.isDifferent(key)) return undefined;
  const { metadata, status } = object;
  const isLeft = isUnreportedCreate(object) && (hasFinalizer(object) || run.urgency === "initialCreation");
  if (isLeft && coverage.isFirstScanAheadFor(UNREPORTED_MAX_WAIT_MS)) return UNREPORTED_POLL;
  if (!isPeriodic(run.urgency)) return undefined;
  const isCurrent = status?.observedGeneration === metadata.generation;
  if (coverage.isFirstScanAhead && isCurrent) return untilFirstScan(coverage, statusWriter.nextResync());
  // A scan of IAM records no claim on instances.
  const { instances } = object.spec;
  const isUnrecorded = instances !== undefined && recordedClaim(object, instances) === undefined;
  if (isUnrecorded && !isHeldBack(object)) return undefined;
  return coverage.covers(key) ? statusWriter.nextResync() : undefined;
}

/** The requeue of an object that waits for the first scan. The scan may fail: then the object has waited no longer than for a resync. */
function untilFirstScan({ firstScanPollMs }: ScanCoverage, resync: Requeue): Requeue {
  const maxMs = resync.kind === "after" ? resync.delayMs : Number.POSITIVE_INFINITY;
  return { kind: "after", delayMs: Math.min(firstScanPollMs, maxMs), urgency: "resync" };
}

/**
 * The requeue of an object that a change of its class leaves as it is in AWS, because AWS was in sync with the same desired
 * state since the last resync; undefined when the object must be reconciled. Writes what the change changes in the
 * status. The claims of objects on instances depend on each other, so an object with instances is never skipped.
 *
 * Errors: those of the status patch.
 */
export async function skipUnaffected(
  { raw, object, binding, ...subject }: Subject,
  { statusWriter, clusterId }: { readonly statusWriter: StatusWriter; readonly clusterId: string },
  signal: AbortSignal,
): Promise<Requeue | undefined> {
  const { key, run, coverage } = subject;
  if (run.urgency !== "class" || object.spec.instances !== undefined) return undefined;
  const isWithinClass = binding.kind !== "bound" || (binding.isAccepted && binding.violations.length === 0);
  if (!isWithinClass || !wasReady(object) || !hasFinalizer(object)) return undefined;
  if (!coverage.isInSyncWith(key, digestOf(object, clusterId), statusWriter.resyncMs)) return undefined;
  await statusWriter.reportClass({ raw, object }, complianceOf(binding, object.status), currentRecord(binding), signal);
  return statusWriter.nextResync();
}
