import type { InstanceProfile } from "../../api/instance-profile.ts";
import { isHeldBack, recordedClaim } from "../../model/instances/claim-record.ts";
import type { Requeue } from "../../status/requeue.ts";
import type { ScanCoverage } from "../scan/scan-coverage.ts";
import { isUserWaiting } from "../urgency.ts";
import { isUnreportedCreate } from "./never-reported.ts";
import type { RunFacts } from "./outcomes.ts";
import type { StatusWriter } from "./status-writer.ts";

/** The requeue of an object that waits for the first scan. */
const SCAN_POLL: Requeue = { kind: "after", delayMs: 1_000, urgency: "resync" };
/** The same, with the urgency of a user's change. */
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
 * scan, an object that was never reported. Undefined when the object must be reconciled.
 */
export function skipReconcile(
  { key, object, run, coverage }: SkipCandidate,
  statusWriter: Pick<StatusWriter, "nextResync">,
): Requeue | undefined {
  if (coverage.isDifferent(key)) return undefined;
  const { metadata, status } = object;
  if (isUnreportedCreate(object) && coverage.isFirstScanAheadFor(UNREPORTED_MAX_WAIT_MS)) return UNREPORTED_POLL;
  if (isUserWaiting(run.urgency)) return undefined;
  const isCurrent = status?.observedGeneration === metadata.generation;
  if (coverage.isFirstScanAhead && isCurrent) return SCAN_POLL;
  // A scan of IAM records no claim on instances.
  const { instances } = object.spec;
  const isUnrecorded = instances !== undefined && recordedClaim(object, instances) === undefined;
  if (isUnrecorded && !isHeldBack(object)) return undefined;
  return coverage.covers(key) ? statusWriter.nextResync() : undefined;
}
