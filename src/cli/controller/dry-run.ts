import type { InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import { isInDeletion } from "../../controller/reconcile/subject.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { BlockedError } from "../../errors.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { ObjectCache } from "../../runtime/watch/store.ts";
import { findCondition } from "../../status/conditions.ts";
import { DRY_RUN, SUSPENDED } from "../../status/conditions-of.ts";
import type { Logger } from "../../telemetry.ts";

/** How often the summary is computed; it is logged when it differs from the last one. */
const SUMMARY_MS = 30_000;

/**
 * Refuses every write to AWS under `--dry-run`, whatever the code above it decides. The AWS clients call it right before a request
 * that is not a read is sent.
 *
 * Errors: BlockedError `DryRun`.
 */
export function assertEnforcing(isDryRun: boolean | undefined): void {
  if (isDryRun !== true) return;
  const message =
    "The controller runs with --dry-run and sends no write to AWS. To enforce, start it without --dry-run.";
  throw new BlockedError(message, { reason: "DryRun" });
}

/** What a dry run has found, as numbers of objects by their status. */
interface Findings {
  readonly objects: number;
  /** AWS differs from the spec: `status.plan` lists the writes. */
  readonly withPendingWrites: number;
  readonly inDeletion: number;
  readonly inSync: number;
  readonly suspended: number;
  /** By the reason of the condition `Stalled`. */
  readonly stalled: Readonly<Record<string, number>>;
  /** Not reported yet, or retried. */
  readonly unfinished: number;
}

/** Counts the objects by what their statuses say. */
export function findingsOf(objects: readonly KubeObject[]): Findings {
  const states = objects.map(stateOf);
  const count = (state: string): number => states.filter((one) => one === state).length;
  const reasons = states.flatMap((state) => (state.startsWith(STALLED) ? [state.slice(STALLED.length)] : [])).sort();
  const stalled: Record<string, number> = {};
  for (const reason of reasons) stalled[reason] = (stalled[reason] ?? 0) + 1;
  return {
    objects: objects.length,
    withPendingWrites: count("pending"),
    inDeletion: count("in deletion"),
    inSync: count("in sync"),
    suspended: count("suspended"),
    stalled,
    unfinished: count("unfinished"),
  };
}

const STALLED = "stalled: ";

function stateOf(raw: KubeObject): string {
  const metadata = raw["metadata"] as ObjectMeta;
  const { conditions = [], observedGeneration } = (raw["status"] ?? {}) as Partial<InstanceProfileStatus>;
  const isTrue = (type: string): boolean => findCondition(conditions, type)?.status === "True";
  const reason = findCondition(conditions, "Stalled")?.reason;
  if (observedGeneration !== metadata.generation) return "unfinished";
  if (reason !== undefined) return `${STALLED}${reason}`;
  if (isTrue(SUSPENDED)) return "suspended";
  if (isTrue("Ready")) return "in sync";
  if (findCondition(conditions, "Ready") !== undefined || !isTrue(DRY_RUN)) return "unfinished";
  return isInDeletion({ metadata }) ? "in deletion" : "pending";
}

/** What the summary needs. */
interface SummaryParts {
  readonly settings: { readonly isDryRun?: boolean };
  readonly controller: { readonly cache: Pick<ObjectCache, "list"> };
  readonly clock: Pick<Clock, "schedule">;
  readonly logger: Logger;
}

/**
 * Under `--dry-run`, logs what it has found, whenever that has changed, while this process is the leader. Returns the function that ends it.
 */
export function startDryRunSummary(
  { settings, controller, clock, logger }: SummaryParts,
  isLeading: () => boolean,
): () => Promise<void> {
  if (settings.isDryRun !== true) return async () => {};
  logger.warn("the controller runs with --dry-run: it writes nothing to AWS, and reports what it would write");
  let logged = "";
  const log = (): void => {
    const findings = findingsOf(controller.cache.list());
    const text = JSON.stringify(findings);
    if (text !== logged) logger.info("dry run summary: nothing was written to AWS", { ...findings });
    logged = text;
  };
  const next = (): Timer =>
    clock.schedule(SUMMARY_MS, () => {
      if (isLeading()) log();
      timer = next();
    });
  let timer = next();
  return async () => timer.cancel();
}
