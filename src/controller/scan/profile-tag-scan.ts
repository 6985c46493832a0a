import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import { partsOf } from "../../engine/observe/stale-observation.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { ABSENT } from "../../model/observed-state.ts";
import { diff } from "../../plan/diff.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { Logger } from "../../telemetry.ts";
import { keyText } from "../object-key.ts";
import { priorityOf } from "../urgency.ts";
import type { ScanCoverage } from "./scan-coverage.ts";
import { type ScanSubject, type SubjectRules, subjectOf } from "./scan-verdict.ts";

/** What the rounds work with. */
export interface ProfileTagScanOptions {
  readonly account: AwsAccount;
  /** The objects of the account, as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly queue: WorkQueue;
  readonly coverage: ScanCoverage;
  readonly classes: SubjectRules["classes"];
  readonly clusterId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** In which every profile is looked at once. */
const ROUND_MS = 6 * 3_600_000;

const SHORTEST_PAUSE_MS = 1_000;
/** With few objects a round is shorter: a call in ten minutes is no burden, and there may soon be more of them. */
const LONGEST_PAUSE_MS = 600_000;

/**
 * Looks at one instance profile after the other, each of them once in a round: their tags are in no list that a scan could
 * read. An object whose profile is not as it should be is woken for a look at everything.
 */
export class ProfileTagScan {
  readonly #options: ProfileTagScanOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** The key that was looked at last: the next one in order is next. */
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
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(ROUND_MS / objects().length, LONGEST_PAUSE_MS));
      await clock.sleep(pauseMs, signal).catch(() => {});
      if (!signal.aborted) await this.lookAtNext(signal);
    }
  }

  /** One object's profile. Never raises: what could not be read is looked at in the next round. */
  async lookAtNext(signal: AbortSignal): Promise<void> {
    const { queue, coverage, logger } = this.#options;
    const subject = this.#next();
    if (subject === undefined || !coverage.covers(subject.key) || queue.isRunning(subject.key)) return;
    try {
      if (await this.#isAsAskedFor(subject, signal)) return;
      coverage.forget(subject.key);
      queue.add(subject.key, { priority: priorityOf("scan") });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ControllerError)) throw error;
      logger.debug("an instance profile could not be looked at", { key: subject.key, error: error.message });
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

  async #isAsAskedFor({ desired }: ScanSubject, signal: AbortSignal): Promise<boolean> {
    const { iam, recentWrites } = this.#options.account;
    const { instanceProfileName } = desired.instanceProfile;
    const instanceProfile = await iam.routine.reader.getInstanceProfile(instanceProfileName, signal);
    const { state } = recentWrites.overlay(desired, { role: ABSENT, instanceProfile });
    const plan = diff(desired, state);
    return plan.blockers.length === 0 && !partsOf(plan.actions).has("instance profile");
  }
}
