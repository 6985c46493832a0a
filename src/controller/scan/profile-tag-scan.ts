import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { observePolicies } from "../../engine/observe/observe-iam.ts";
import { PROFILE_TAG_CYCLE_MS } from "../../engine/observe/snapshot-index.ts";
import { partsOf } from "../../engine/observe/stale-observation.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { ABSENT } from "../../model/observed-state.ts";
import { diff } from "../../plan/diff.ts";
import { ofPolicy } from "../../plan/proof.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import { failureFields } from "../reconcile/telemetry.ts";
import { priorityOf } from "../urgency.ts";
import type { ScanCoverage } from "./scan-coverage.ts";
import { type ScanSubject, type SubjectRules, subjectOf } from "./scan-verdict.ts";

/** The dependencies of {@link ProfileTagScan}. */
export interface ProfileTagScanOptions {
  readonly account: AwsAccount;
  /** The objects of the account in the cache. */
  readonly objects: () => readonly KubeObject[];
  readonly queue: WorkQueue;
  readonly coverage: ScanCoverage;
  readonly classes: SubjectRules["classes"];
  readonly clusterId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MIN_DELAY_MS = 1_000;
/** With few objects the cycle is shorter: a request every ten minutes is cheap. */
const MAX_DELAY_MS = 600_000;

/**
 * Reads one instance profile after the other, each once in a cycle, with the managed policies of its object, because no
 * list that an account scan reads contains their tags. Enqueues an object whose profile or policies are not in sync.
 */
export class ProfileTagScan {
  readonly #options: ProfileTagScanOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** The key that was read last; the scan continues with the next one in sort order. */
  #lastKey = "";

  constructor(options: ProfileTagScanOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#abort.signal.aborted) return;
    this.#loop ??= this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error("The controller is shutting down"));
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, objects } = this.#options;
    while (!signal.aborted) {
      const pauseMs = Math.max(MIN_DELAY_MS, Math.min(PROFILE_TAG_CYCLE_MS / objects().length, MAX_DELAY_MS));
      await clock.sleep(pauseMs, signal).catch(() => {});
      if (!signal.aborted) await this.scanNext(signal);
    }
  }

  /** Reads the next profile. Raises only for a bug: a profile that could not be read is read in the next cycle. */
  async scanNext(signal: AbortSignal): Promise<void> {
    const { queue, coverage, logger } = this.#options;
    const subject = this.#next();
    if (subject === undefined || !coverage.covers(subject.key) || queue.isRunning(subject.key)) return;
    try {
      if (await this.#isProfileInSync(subject, signal)) return;
      coverage.forget(subject.key);
      queue.add(subject.key, { priority: priorityOf("scan") });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ControllerError)) throw error;
      logger.debug("could not read an instance profile; the next cycle retries", {
        key: subject.key,
        ...failureFields(error),
      });
    }
  }

  #next(): ScanSubject | undefined {
    const { objects } = this.#options;
    const keyed = objects().map((raw) => [keyText(raw["metadata"] as { name: string }), raw] as const);
    const sorted = keyed.sort(([a], [b]) => (a < b ? -1 : 1));
    const [key, raw] = sorted.find(([candidate]) => candidate > this.#lastKey) ?? sorted[0] ?? [];
    this.#lastKey = key ?? "";
    return raw === undefined ? undefined : subjectOf(raw, this.#options);
  }

  async #isProfileInSync({ desired }: ScanSubject, signal: AbortSignal): Promise<boolean> {
    const { iam, recentWrites, index } = this.#options.account;
    const { instanceProfileName } = desired.instanceProfile;
    const { reader } = iam.routine;
    const instanceProfile = await reader.getInstanceProfile(instanceProfileName, signal);
    index.profiles.verify(instanceProfile);
    const managedPolicies = await observePolicies(desired, ABSENT, reader, signal);
    const { state } = recentWrites.overlay(desired, { role: ABSENT, instanceProfile, managedPolicies });
    // The role is not read, and an external one is presumed to exist.
    const plan = diff({ ...desired, roleManagement: "managed" }, state);
    const parts = partsOf(plan.actions.filter(({ kind }) => kind !== "AttachRolePolicy"));
    const own = desired.managedPolicies.map(({ arn }) => ofPolicy(arn));
    return plan.blockers.length === 0 && !parts.has("instance profile") && !own.some((policy) => parts.has(policy));
  }
}
