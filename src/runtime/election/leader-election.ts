import {
  type AttemptOutcome,
  acquire,
  type Candidacy,
  expiresAtMs,
  holderOf,
  limited,
  type Observation,
  releaseLease,
  renew,
} from "./leader-election-attempt.ts";
import {
  attemptTimeoutMs,
  CAMPAIGN_JITTER,
  DEFAULT_ELECTION_TIMINGS,
  type ElectionObserver,
  type LeaderElectorOptions,
  LeadershipLostError,
  NotLeadingError,
  timingsFault,
} from "./leader-election-options.ts";
import { ElectionLog, ElectionWatchdog } from "./leader-election-reports.ts";
import { Tenure } from "./leader-election-tenure.ts";

/**
 * A leader elector by client-go's rules. Stricter in three points: a leader that observes that it does not hold the Lease, even
 * without a holder or deleted, has lost it; a candidate that finds the Lease deleted waits as if it were still there; and `mayWrite`,
 * which client-go does not have.
 *
 * Guarantees: of electors whose clock speeds differ by less than leaseDuration/renewDeadline, at most one returns true from
 * `mayWrite` at any time, whatever the outcome of their requests. A hanging request or a blocked event loop does not prolong
 * leadership. No guarantee (a Lease has no fencing): a write that was sent while `mayWrite` was true can arrive after another
 * process has become the leader, so writes must be safe against that.
 */
export class LeaderElector {
  readonly #candidacy: Candidacy;
  readonly #tenure: Tenure;
  readonly #watchdog: ElectionWatchdog;
  readonly #random: () => number;
  readonly #observer: ElectionObserver;
  readonly #log: ElectionLog;
  readonly #conflictWith: (holder: string) => string | undefined;
  readonly #resignation = new AbortController();
  readonly #elected = Promise.withResolvers<boolean>();
  #run: Promise<void> | undefined;
  #phase: "candidate" | "leader" | "over" = "candidate";
  #known: Observation | undefined;
  /** Whether this process holds the Lease, or can hold it by a write with unknown outcome. */
  #mayHold = false;
  #lost: LeadershipLostError | undefined;

  /** Errors: RangeError for invalid timings. */
  constructor(options: LeaderElectorOptions) {
    const { lock, identity, clock, timings = DEFAULT_ELECTION_TIMINGS } = options;
    const fault = timingsFault(timings);
    if (fault !== undefined) throw new RangeError(`Invalid leader election timings: ${fault}`);
    this.#random = options.random;
    this.#observer = options.observer ?? {};
    this.#conflictWith = options.conflictWith ?? (() => undefined);
    this.#log = new ElectionLog(options.logger, lock.name, identity, this.#conflictWith);
    this.#tenure = new Tenure(clock, timings.renewDeadlineMs);
    this.#watchdog = new ElectionWatchdog(lock.name, clock, timings);
    const onClaim = (): void => {
      this.#mayHold = true;
    };
    this.#candidacy = { lock, identity, clock, timings, onClaim, onSlowPath: () => this.#observer.slowPath?.() };
  }

  /**
   * Acquires the Lease, then keeps renewing it. Resolves when the signal aborts or after `release`; only `release` releases the
   * Lease. Must be called once.
   *
   * Errors: LeadershipLostError.
   */
  run(signal: AbortSignal): Promise<void> {
    if (this.#run !== undefined) throw new Error("A LeaderElector runs once");
    this.#run = this.#campaignAndLead(AbortSignal.any([signal, this.#resignation.signal]));
    return this.#run;
  }

  /** Resolves with true when this process becomes the leader, or with false when it stops before that. */
  whenLeading(): Promise<boolean> {
    return this.#elected.promise;
  }

  /** Whether this process was elected and has not stopped. Informational; check `mayWrite` before a write. */
  get isLeading(): boolean {
    return this.#phase === "leader" && !this.#resignation.signal.aborted;
  }

  /**
   * True while no other process can be the leader: the last successful renewal was sent less than the renew deadline ago. Reads
   * the clocks, so that it is correct right after the event loop was blocked. It becomes true again with the next renewal, which
   * succeeds only if no other process has led in between.
   */
  mayWrite(): boolean {
    return this.isLeading && this.#tenure.isValid;
  }

  /** Errors: NotLeadingError unless `mayWrite`. */
  assertLeading(): void {
    if (!this.mayWrite()) throw new NotLeadingError(this.#candidacy.lock.name);
  }

  /** The fault for the readiness probe: the Lease cannot be read or written, and it is not a matter of seconds. */
  get accessFault(): string | undefined {
    return this.#phase === "over" ? undefined : this.#watchdog.accessFault;
  }

  /** Why the holder of the Lease must not share it with this process; undefined if it may. */
  get conflict(): string | undefined {
    const holder = this.#known?.lease.holderIdentity ?? "";
    return holder === "" || this.#mayHold ? undefined : this.#conflictWith(holder);
  }

  /** The fault for the liveness probe: this process should have exited, renewed or tried to acquire the Lease, and has not. */
  get fault(): string | undefined {
    if (this.#lost !== undefined) return this.#lost.message;
    if (this.#phase === "over" || this.#resignation.signal.aborted) return undefined;
    return this.#watchdog.faultOf(this.isLeading ? this.#tenure.ageMs : undefined);
  }

  /**
   * Stops the election and releases the Lease, so that a standby need not wait until it expires. Call it when everything that
   * writes as a leader has ended. Takes at most half the renew deadline; never raises. Resolves with true when the Lease is
   * released, with false when this process did not hold it or the store did not confirm.
   */
  async release(): Promise<boolean> {
    this.#resignation.abort();
    this.#elected.resolve(false);
    await this.#run?.catch(() => {});
    if (!this.#mayHold) return false;
    const { clock, timings } = this.#candidacy;
    const limit = { clock, timeoutMs: attemptTimeoutMs(timings) };
    try {
      const isReleased = await limited(limit, (signal) => releaseLease(this.#candidacy, this.#known?.lease, signal));
      this.#mayHold = false;
      if (isReleased) this.#log.released();
      return isReleased;
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

  /** Resolves when this process holds the Lease. */
  async #campaign(stop: AbortSignal): Promise<void> {
    const { clock, timings } = this.#candidacy;
    for (;;) {
      await this.#attempt(attemptTimeoutMs(timings), stop);
      // A response that arrived too late does not count: the next attempt observes the Lease as held and renews it.
      if (this.#tenure.isValid) return;
      await clock.sleep(this.#campaignDelayMs(), stop);
    }
  }

  /** Returns up to 2.2 retry periods, but not beyond the expiration of the Lease. */
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

  /** Renews once, with as many attempts as fit before the renew deadline. */
  async #renew(stop: AbortSignal): Promise<void> {
    const { clock, timings, lock } = this.#candidacy;
    const deadlineMs = clock.monotonicMs() + timings.renewDeadlineMs;
    for (let nowMs = clock.monotonicMs(); nowMs < deadlineMs; nowMs = clock.monotonicMs()) {
      const nextMs = Math.min(nowMs + timings.retryPeriodMs, deadlineMs);
      const outcome = await this.#attempt(Math.min(attemptTimeoutMs(timings), deadlineMs - nowMs), stop);
      if (outcome?.kind === "held") return;
      if (outcome?.kind === "notHeld") throw this.#loss(`${lock.name} is held by ${holderOf(outcome) || "no process"}`);
      await clock.sleep(Math.max(0, nextMs - clock.monotonicMs()), stop);
    }
    throw this.#loss(`${lock.name} was not renewed for ${timings.renewDeadlineMs / 1_000} s`);
  }

  /** Makes one attempt; undefined when the store did not respond. Errors: the signal's reason. */
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
      this.#watchdog.answered();
      this.#log.answered(holderOf(outcome));
      return outcome;
    } catch (error) {
      stop.throwIfAborted();
      this.#watchdog.failed();
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
