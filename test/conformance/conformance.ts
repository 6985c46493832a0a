import { stripVTControlCharacters } from "node:util";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { printableLine } from "../../src/text/safe-text.ts";
import { Bench, type BenchOptions, isDenied, type Launchable } from "../contract/aws/harness.ts";
import { AccountGuard, GuardError, type Network, pause } from "./account-guard.ts";
import { AccountWorld } from "./account-world.ts";
import { type Check, type CheckContext, NotApplicable } from "./check.ts";
import { type Cleaned, clean, messageOf } from "./clean.ts";
import { RunMarks } from "./run-marks.ts";

/** What a run is asked for. */
export interface ConformanceOptions {
  readonly accountId: string;
  readonly prefix: string;
  readonly region: string;
  /** Unset: AWS itself. */
  readonly endpoint?: string | undefined;
  /** Unset: what the SDK finds. */
  readonly credentials?: Exclude<BenchOptions["credentials"], "default">;
  /** Starts instances when it is set. */
  readonly launchable?: Launchable | undefined;
  readonly requestsPerSecond: number;
  readonly maxRequests: number;
  readonly maxMinutes: number;
  /** How long a check may wait for AWS to show a change; 0 for an endpoint that shows it at once. */
  readonly visibleWithinMs: number;
  /** Waits after each write, one of them for each attempt at a check. */
  readonly afterWriteMs: readonly number[];
  /** Unset: the SDK's own way to the network. */
  readonly network?: Network;
}

/** How a check ended. */
export interface CheckResult {
  readonly check: Check;
  readonly verdict: "passed" | "failed" | "not applicable";
  /** What AWS did, or why the check says nothing. */
  readonly observed: string;
  readonly durationMs: number;
}

/** What a run found out. */
export interface ConformanceRun {
  readonly caller: string;
  readonly partition: string;
  readonly run: string;
  readonly results: readonly CheckResult[];
  /** Why the run ended before all checks were made; unset: it did not. */
  readonly endedEarly?: string | undefined;
  readonly requests: number;
  readonly cleanedBefore: Cleaned;
  readonly cleanedAfter: Cleaned;
}

/** A run that must not begin. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Requests that are kept for the cleaning at the end, however many the checks have used. */
const REQUESTS_TO_CLEAN = 2_000;
const CLEAN_WITHIN_MS = 600_000;
const NOT_APPLICABLE = "not applicable";

/** One run in an account: who asks, the checks one after the other, and the cleaning before and after. */
export class Conformance {
  readonly options: ConformanceOptions;
  readonly marks: RunMarks;
  readonly #guard: AccountGuard;
  readonly #cleaningGuard: AccountGuard;
  #partition = "aws";
  #benches = 0;

  constructor(options: ConformanceOptions) {
    const marks = new RunMarks(options.prefix);
    this.options = options;
    this.marks = marks;
    const { requestsPerSecond: perSecond, maxRequests: total, afterWriteMs } = options;
    this.#guard = new AccountGuard(marks, { perSecond, total, afterWriteMs: afterWriteMs[0] ?? 0 }, options.network);
    this.#cleaningGuard = new AccountGuard(
      marks,
      { perSecond, total: REQUESTS_TO_CLEAN, afterWriteMs: 0 },
      options.network,
    );
  }

  /**
   * Who the credentials are of.
   *
   * Errors: RefusedError when that is another account, or there are no valid credentials.
   */
  async identify(): Promise<string> {
    const bench = this.#bench(this.#guard);
    const { Account, Arn = "" } = await bench.sts.send(new GetCallerIdentityCommand({})).catch((error: Error) => {
      throw new RefusedError(`the account of the credentials cannot be read: ${error.message}`);
    });
    bench.close();
    const { accountId } = this.options;
    if (Account !== accountId) {
      throw new RefusedError(`the credentials are of account ${Account}, not of --account-id ${accountId} (${Arn})`);
    }
    this.#partition = Arn.split(":")[1] ?? "aws";
    return Arn;
  }

  /** Deletes what earlier runs with this prefix, and this one, have left. */
  async clean(): Promise<Cleaned> {
    const signal = AbortSignal.timeout(CLEAN_WITHIN_MS);
    this.#cleaningGuard.signal = signal;
    const bench = this.#bench(this.#cleaningGuard);
    try {
      return await clean({
        prefix: this.options.prefix,
        iam: bench.iam,
        ec2: bench.ec2,
        trust: (id) => this.#cleaningGuard.trust(id),
        pause: () => pause(this.options.visibleWithinMs > 0 ? 5_000 : 0, signal),
      });
    } finally {
      bench.close();
    }
  }

  /**
   * Makes the checks, and cleans up whatever happens. An aborted signal ends the checks; the cleaning has its own time.
   *
   * Errors: RefusedError; that of the cleaning.
   */
  async run(
    checks: readonly Check[],
    signal: AbortSignal,
    onResult: (result: CheckResult) => void = () => {},
  ): Promise<ConformanceRun> {
    const caller = await this.identify();
    const cleanedBefore = await this.clean();
    const end = AbortSignal.any([signal, AbortSignal.timeout(this.options.maxMinutes * 60_000)]);
    this.#guard.signal = end;
    const results: CheckResult[] = [];
    try {
      for (const check of checks) {
        if (end.aborted) break;
        const result = await this.#make(check);
        if (end.aborted) break;
        results.push(result);
        onResult(result);
      }
    } catch (error) {
      // Nothing of the run may stay, whatever failed.
      await this.clean();
      throw error;
    }
    const cleanedAfter = await this.clean();
    return {
      caller,
      partition: this.#partition,
      run: this.marks.run,
      results,
      endedEarly: results.length < checks.length ? whyEnded(end, this.options.maxMinutes) : undefined,
      requests: this.#guard.sent + this.#cleaningGuard.sent,
      cleanedBefore,
      cleanedAfter,
    };
  }

  async #make(check: Check): Promise<CheckResult> {
    const startMs = performance.now();
    const [verdict, observed] =
      check.needs === "instance" && this.options.launchable === undefined
        ? ([NOT_APPLICABLE, "it starts an instance, and --instance-type and --image-id are not given"] as const)
        : await this.#judge(check);
    return { check, verdict, observed: oneLine(observed), durationMs: Math.round(performance.now() - startMs) };
  }

  /** The first attempt that passes, or the failure of the last one. */
  async #judge(check: Check): Promise<readonly [CheckResult["verdict"], string]> {
    let failure = "";
    for (const afterWriteMs of this.options.afterWriteMs) {
      try {
        const observed = await this.#attempt(check, afterWriteMs);
        if (failure === "") return ["passed", observed];
        return ["passed", `passed with ${afterWriteMs} ms after each write; before: ${failure} ${observed}`];
      } catch (error) {
        if (isNoFinding(error)) return [NOT_APPLICABLE, observedOf(error)];
        failure = observedOf(error);
        if (error instanceof GuardError || this.#guard.signal.aborted) break;
      }
    }
    return ["failed", failure];
  }

  async #attempt(check: Check, afterWriteMs: number): Promise<string> {
    this.#guard.afterWriteMs = check.readsAtOnce === true ? 0 : afterWriteMs;
    const bench = this.#bench(this.#guard);
    try {
      return await check.run(this.#contextOf(bench, afterWriteMs));
    } finally {
      // What is not deleted here, the cleaning at the end deletes.
      this.#guard.afterWriteMs = 0;
      await bench.clear().catch(() => {});
      bench.close();
    }
  }

  #contextOf(bench: Bench, afterWriteMs: number): CheckContext {
    const { accountId, region, endpoint, credentials, launchable, visibleWithinMs } = this.options;
    const guardRegions = launchable === undefined ? [] : [region];
    return {
      bench,
      accountId,
      prepare: async (work) => {
        const before = this.#guard.afterWriteMs;
        this.#guard.afterWriteMs = afterWriteMs;
        const prepared = await work();
        this.#guard.afterWriteMs = before;
        return prepared;
      },
      world: () =>
        new AccountWorld({
          bench,
          guard: this.#guard,
          accountId,
          region,
          endpoint,
          credentials,
          guardRegions,
          waits: visibleWithinMs > 0,
        }),
    };
  }

  /** Each with names and a path of its own: what another one has deleted may be shown for a while. */
  #bench(guard: AccountGuard): Bench {
    this.#benches += 1;
    const { endpoint, region, credentials, launchable, visibleWithinMs } = this.options;
    return new Bench({
      endpoint,
      partition: this.#partition,
      iamRegion: region,
      ec2Region: region,
      credentials: credentials ?? "default",
      requestHandler: guard.handler,
      // The SDK retries what IAM throttles, and takes LimitExceeded for that too.
      maxAttempts: visibleWithinMs > 0 ? 4 : 1,
      ...(launchable !== undefined && { launchable }),
      // A cleaning creates nothing, and must see the tag.
      ...(guard === this.#guard && { marks: this.marks.part(this.#benches) }),
      visibleWithinMs,
      pause: (ms) => pause(ms, guard.signal),
    });
  }
}

function whyEnded(signal: AbortSignal, maxMinutes: number): string {
  const isTime = (signal.reason as Error | undefined)?.name === "TimeoutError";
  return isTime ? `--max-minutes ${maxMinutes} had passed` : "it was interrupted";
}

/** True for an error that says nothing about AWS. */
function isNoFinding(error: unknown): boolean {
  return error instanceof NotApplicable || isDenied(error);
}

function observedOf(error: unknown): string {
  return error instanceof NotApplicable ? error.message : messageOf(error);
}

/** In one line, without colors. */
function oneLine(text: string): string {
  return printableLine(stripVTControlCharacters(text).replaceAll(/\s+/g, " ").trim());
}
