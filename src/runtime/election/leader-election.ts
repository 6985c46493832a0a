import {
  type AttemptOutcome,
  acquire,
  type Candidacy,
  expiresAtMs,
  giveUp,
  holderOf,
  type Observation,
  renew,
} from "./leader-election-attempt.ts";
import { limited } from "./leader-election-limit.ts";
import { ElectionLog } from "./leader-election-log.ts";
import {
  type ElectionObserver,
  type LeaderElectorOptions,
  LeadershipLostError,
  NotLeadingError,
} from "./leader-election-options.ts";
import { Tenure } from "./leader-election-tenure.ts";
import { attemptTimeoutMs, CAMPAIGN_JITTER, defaultElectionTimings, timingsFault } from "./leader-election-timings.ts";
import { ElectionWatchdog } from "./leader-election-watchdog.ts";

/**
 * One candidate for one lease, by client-go's rules. Stricter in two points: a leader that finds the lease not its own, be
 * it free or gone, has lost it; and `mayWrite`, which client-go leaves to others.
 *
 * Guarantees: of electors whose clocks run at speeds that differ by less than leaseDuration/renewDeadline, at most one
 * answers `mayWrite` with true at any time, whatever becomes of their requests. A request that hangs, or a blocked event
 * loop, does not prolong leadership. No guarantee (a lease gives no fencing): a write that was sent while `mayWrite` was
 * true may arrive after another process has begun to lead, so writes must be safe against that.
 */
export class LeaderElector {
  readonly #candidacy: Candidacy;
  readonly #tenure: Tenure;
  readonly #watchdog: ElectionWatchdog;
  readonly #random: () => number;
  readonly #observer: ElectionObserver;
  readonly #log: ElectionLog;
  readonly #resignation = new AbortController();
  readonly #elected = Promise.withResolvers<boolean>();
  #run: Promise<void> | undefined;
  #phase: "candidate" | "leader" | "over" = "candidate";
  #known: Observation | undefined;
  /** The lease is ours, or a write whose outcome is unknown may have made it so. */
  #mayHold = false;
  #lost: LeadershipLostError | undefined;

  /** Errors: RangeError when the timings cannot work. */
  constructor(options: LeaderElectorOptions) {
    const { lock, identity, clock, timings = defaultElectionTimings } = options;
    const fault = timingsFault(timings);
    if (fault !== undefined) throw new RangeError(`Leader election cannot work: ${fault}`);
    this.#random = options.random;
    this.#observer = options.observer ?? {};
    this.#log = new ElectionLog(options.logger, lock.name, identity);
    this.#tenure = new Tenure(clock, timings.renewDeadlineMs);
    this.#watchdog = new ElectionWatchdog(lock.name, clock, timings);
    const onClaim = (): void => {
      this.#mayHold = true;
    };
    this.#candidacy = { lock, identity, clock, timings, onClaim, onSlowPath: () => this.#observer.slowPath?.() };
  }

  /**
   * Campaigns for the lease, then keeps it. Resolves when the signal aborts or after `release`; only the latter hands the
   * lease on. Call it once.
   *
   * Errors: LeadershipLostError.
   */
  run(signal: AbortSignal): Promise<void> {
    if (this.#run !== undefined) throw new Error("A LeaderElector runs once");
    this.#run = this.#campaignAndLead(AbortSignal.any([signal, this.#resignation.signal]));
    return this.#run;
  }

  /** Resolves with true when this process leads, with false when it stopped before it ever did. */
  whenLeading(): Promise<boolean> {
    return this.#elected.promise;
  }

  /** Elected, and nothing has ended it yet. For showing; before a write ask `mayWrite`. */
  get isLeading(): boolean {
    return this.#phase === "leader" && !this.#resignation.signal.aborted;
  }

  /**
   * True while nobody else can be leading: the last good renewal was sent less than the renew deadline ago. Looks at the
   * clocks, so that it is right even before anything else runs after the event loop was blocked. A leader in trouble gets
   * it back with the next renewal, which succeeds only if nobody has led meanwhile.
   */
  mayWrite(): boolean {
    return this.isLeading && this.#tenure.isGood;
  }

  /** Errors: NotLeadingError unless `mayWrite`. */
  assertLeading(): void {
    if (!this.mayWrite()) throw new NotLeadingError(this.#candidacy.lock.name);
  }

  /** For the liveness probe: says what is wrong when this process was to end, to renew or to campaign, and has not. */
  get fault(): string | undefined {
    if (this.#lost !== undefined) return this.#lost.message;
    if (this.#phase === "over" || this.#resignation.signal.aborted) return undefined;
    return this.#watchdog.faultOf(this.isLeading ? this.#tenure.ageMs : undefined);
  }

  /**
   * Stops the election and gives the lease up, so that others need not wait for it to expire. Call it when everything that
   * writes as a leader has ended. Takes no longer than half the renew deadline; never raises. Resolves with true when the
   * lease is free, with false when it was not ours or the store did not confirm.
   */
  async release(): Promise<boolean> {
    this.#resignation.abort();
    this.#elected.resolve(false);
    await this.#run?.catch(() => {});
    if (!this.#mayHold) return false;
    const { clock, timings } = this.#candidacy;
    const limit = { clock, timeoutMs: attemptTimeoutMs(timings) };
    try {
      const isFree = await limited(limit, (signal) => giveUp(this.#candidacy, this.#known?.lease, signal));
      this.#mayHold = false;
      if (isFree) this.#log.released();
      return isFree;
    } catch (error) {
      this.#log.notReleased(error);
      return false;
    }
  }

  async #campaignAndLead(stop: AbortSignal): Promise<void> {
    this.#observer.leading?.(false);
    this.#log.campaigning();
    try {
      await this.#campaign(stop);
      this.#phase = "leader";
      this.#log.elected();
      this.#observer.leading?.(true);
      this.#elected.resolve(true);
      await this.#renewUntilLost(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      const wasLeader = this.#phase === "leader";
      this.#phase = "over";
      if (wasLeader) this.#observer.leading?.(false);
      this.#elected.resolve(false);
    }
  }

  /** Resolves when the lease is ours. */
  async #campaign(stop: AbortSignal): Promise<void> {
    const { clock, timings } = this.#candidacy;
    for (;;) {
      await this.#attempt(attemptTimeoutMs(timings), stop);
      // An answer that the event loop heard too late wins nothing: the next attempt finds the lease ours and renews it.
      if (this.#tenure.isGood) return;
      await clock.sleep(this.#campaignDelayMs(), stop);
    }
  }

  /** Up to 2.2 retry periods, but not beyond the moment at which the lease expires. */
  #campaignDelayMs(): number {
    const { clock, timings } = this.#candidacy;
    const delayMs = timings.retryPeriodMs * (1 + CAMPAIGN_JITTER * this.#random());
    if (this.#known === undefined) return delayMs;
    const untilExpiryMs = Math.ceil(expiresAtMs(this.#known, timings) - clock.monotonicMs());
    return untilExpiryMs > 0 ? Math.min(delayMs, untilExpiryMs) : delayMs;
  }

  async #renewUntilLost(stop: AbortSignal): Promise<never> {
    const { clock, timings } = this.#candidacy;
    for (;;) {
      await clock.sleep(timings.retryPeriodMs, stop);
      await this.#renew(stop);
    }
  }

  /** One good renewal, with as many attempts as fit before the renew deadline. */
  async #renew(stop: AbortSignal): Promise<void> {
    const { clock, timings, lock } = this.#candidacy;
    const deadlineMs = clock.monotonicMs() + timings.renewDeadlineMs;
    for (let nowMs = clock.monotonicMs(); nowMs < deadlineMs; nowMs = clock.monotonicMs()) {
      const nextMs = Math.min(nowMs + timings.retryPeriodMs, deadlineMs);
      const outcome = await this.#attempt(Math.min(attemptTimeoutMs(timings), deadlineMs - nowMs), stop);
      if (outcome?.kind === "held") return;
      if (outcome?.kind === "notOurs") throw this.#loss(`${holderOf(outcome) || "nobody"} holds ${lock.name}`);
      await clock.sleep(Math.max(0, nextMs - clock.monotonicMs()), stop);
    }
    throw this.#loss(`${lock.name} was not renewed for ${timings.renewDeadlineMs / 1_000} s`);
  }

  /** Undefined when the store did not answer. Errors: the signal's reason. */
  async #attempt(timeoutMs: number, stop: AbortSignal): Promise<AttemptOutcome | undefined> {
    const { clock } = this.#candidacy;
    const known = this.#known;
    const isLeader = this.#phase === "leader" && known !== undefined;
    this.#watchdog.attempted();
    try {
      const outcome = await limited({ clock, timeoutMs, signal: stop }, (signal) =>
        isLeader ? renew(this.#candidacy, known.lease, signal) : acquire(this.#candidacy, known, signal),
      );
      this.#known = outcome.observation;
      this.#mayHold = holderOf(outcome) === this.#candidacy.identity;
      if (outcome.kind === "held") this.#tenure.renew(outcome.sent);
      this.#log.answered(holderOf(outcome));
      return outcome;
    } catch (error) {
      stop.throwIfAborted();
      this.#log.failed(error);
      return undefined;
    }
  }

  #loss(why: string): LeadershipLostError {
    this.#lost = new LeadershipLostError(why);
    this.#log.lost(this.#lost);
    return this.#lost;
  }
}
