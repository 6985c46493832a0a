import type { InstanceProfile } from "../../api/instance-profile.ts";
import { isHeldBack, recordedClaim } from "../../model/instances/claim-record.ts";
import type { Requeue } from "../../status/requeue.ts";
import { hasFinalizer } from "../finalizer.ts";
import type { ScanCoverage } from "../scan/scan-coverage.ts";
import { isUserWaiting } from "../urgency.ts";
import { isUnreportedCreate } from "./never-reported.ts";
import type { RunFacts } from "./outcomes.ts";
import type { StatusWriter } from "./status-writer.ts";

/** How soon to see whether the scan that is under way has seen the object. */
const SCAN_POLL: Requeue = { kind: "after", delayMs: 1_000, urgency: "resync" };
/** As soon, for what a user waits for. */
const UNREPORTED_POLL: Requeue = { kind: "after", delayMs: 1_000 };
/** A scan of a large account, or of one that throttles, takes its time. */
const UNREPORTED_MAX_WAIT_MS = 10_000;

/** An object that may need no reconcile of its own. */
export interface SkipCandidate {
  readonly key: string;
  readonly object: InstanceProfile;
  readonly run: RunFacts;
  readonly coverage: ScanCoverage;
}

/**
 * The requeue of an object that scans cover, so that it need not be read by itself: an object in sync, and, while the first scan is under
 * way, what an earlier process created or left. Undefined when the object must be reconciled.
 */
export function skipReconcile(
  { key, object, run, coverage }: SkipCandidate,
  statusWriter: Pick<StatusWriter, "nextResync">,
): Requeue | undefined {
  if (coverage.isDifferent(key)) return undefined;
  const { metadata, status } = object;
  const isLeft = isUnreportedCreate(object) && (hasFinalizer(object) || run.urgency === "initialList");
  if (isLeft && coverage.isFirstScanAheadFor(UNREPORTED_MAX_WAIT_MS)) return UNREPORTED_POLL;
  if (isUserWaiting(run.urgency)) return undefined;
  const isCurrent = status?.observedGeneration === metadata.generation;
  if (coverage.isFirstScanAhead && isCurrent) return SCAN_POLL;
  // A scan of IAM records no claim on instances.
  const { instances } = object.spec;
  const isUnrecorded = instances !== undefined && recordedClaim(object, instances) === undefined;
  if (isUnrecorded && !isHeldBack(object)) return undefined;
  return coverage.covers(key) ? statusWriter.nextResync() : undefined;
}
