import { URGENCIES, type Urgency } from "../../engine/ports.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { AdaptiveBucket } from "./adaptive-bucket.ts";
import { burstSecondsOf, type CallRates, DEFAULT_EC2_RATES } from "./ec2-limits.ts";

/** Maximum request rates of an account for each service; for EC2, for each action and region. */
export interface AwsRates extends CallRates {
  /** Default: the rates that AWS publishes. */
  readonly ec2?: CallRates;
  /** Default: {@link STS_RATES}. */
  readonly sts?: CallRates;
}

/**
 * AWS publishes no rates for IAM, applies one set of them to each account, and does not raise them:
 * https://repost.aws/knowledge-center/iam-sts-throttling-error. Users report throttling from 5 to 20 per second.
 */
export const DEFAULT_AWS_RATES: AwsRates = { readsPerSecond: 10, writesPerSecond: 5 };

/**
 * STS allows 600 requests per second for each account and region, which its clients share:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html. Many accounts take a request each at the start.
 */
const STS_RATES: CallRates = { readsPerSecond: 50, writesPerSecond: 50 };

/** The same rate for every service, for an AWS endpoint without other clients. */
export function evenRates(perSecond: number): AwsRates {
  const rates = { readsPerSecond: perSecond, writesPerSecond: perSecond };
  return { ...rates, ec2: rates, sts: rates };
}

/** Whether a call reads or writes; the two have separate limits. */
export type CallKind = "read" | "write";

/** The properties by which calls share a limit. */
export interface CallClass {
  /** As in `AwsServiceName`. */
  readonly service: string;
  readonly kind: CallKind;
  /** Which limit, if the service has several of a kind; log and metrics combine them. */
  readonly limit?: string | undefined;
}

/** One call's wait for the limiter. */
export interface LimiterWait extends CallClass {
  readonly urgency: Urgency;
  readonly waitedMs: number;
}

/** The state of the limiter for one service and kind of call. */
export interface LimiterState {
  readonly service: string;
  readonly kind: CallKind;
  readonly waiting: number;
  readonly perSecond: number;
}

interface Waiter {
  /** Monotonic ms. */
  readonly sinceMs: number;
  readonly grant: () => void;
}

/** The calls that wait for one bucket. A Set keeps arrival order and removes any entry in constant time. */
interface CallQueue {
  readonly bucket: AdaptiveBucket;
  readonly lanes: Readonly<Record<Urgency, Set<Waiter>>>;
  timer: Timer | undefined;
  /** Tokens that were granted to calls that waited. */
  granted: number;
}

/** One of so many tokens goes to the call that has waited longest, whatever its urgency, so that none starves. */
const GRANTS_PER_OLDEST = 5;

/**
 * The rate limiter of an AWS account, shared by everything that calls it: reconciles, account scans, deletions.
 *
 * Guarantees: never more than the configured rates, and less while AWS throttles; four of five
 * calls that wait go by urgency, and within one urgency in arrival order; a wait ends at once when its signal aborts.
 */
export class CallLimiter {
  readonly #clock: Clock;
  readonly #rates: AwsRates;
  readonly #queues = new Map<string, CallQueue & { readonly of: CallClass }>();

  constructor(clock: Clock, rates: AwsRates) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Returns, for every service and kind that was called, the waiting calls and the rate of its slowest limit. */
  state(): readonly LimiterState[] {
    const nowMs = this.#clock.monotonicMs();
    const byKind = Map.groupBy(this.#queues.values(), ({ of }) => `${of.service} ${of.kind}`);
    return [...byKind.values()].flatMap((queues) => {
      const [first] = queues;
      if (first === undefined) return [];
      const waiting = queues.reduce((sum, { lanes }) => sum + waitingIn(lanes, URGENCIES), 0);
      const perSecond = Math.min(...queues.map(({ bucket }) => bucket.perSecond(nowMs)));
      return [{ service: first.of.service, kind: first.of.kind, waiting, perSecond }];
    });
  }

  /**
   * Waits for a token; false if none was available within `maxWaitMs`.
   *
   * Errors: the signal's reason when it aborts.
   */
  async acquire(of: CallClass, urgency: Urgency, maxWaitMs: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const queue = this.#queueOf(of);
    const before = URGENCIES.slice(0, URGENCIES.indexOf(urgency) + 1);
    if (waitingIn(queue.lanes, before) === 0 && queue.bucket.take(this.#clock.monotonicMs())) return true;
    if (maxWaitMs <= 0) return false;
    return this.#wait(queue, urgency, maxWaitMs, signal);
  }

  /** Reduces the rate after AWS throttled a call that was sent at `sentAtMs`, with an optional pause. */
  throttled(of: CallClass, sentAtMs: number, retryAfterMs: number | undefined): void {
    this.#queueOf(of).bucket.slowDown(sentAtMs, this.#clock.monotonicMs(), retryAfterMs);
  }

  #queueOf(of: CallClass): CallQueue {
    const key = `${of.service} ${of.kind} ${of.limit ?? ""}`;
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const rates = ratesOf(of.service, this.#rates);
    const perSecond = of.kind === "read" ? rates.readsPerSecond : rates.writesPerSecond;
    const bucket = new AdaptiveBucket(perSecond, this.#clock.monotonicMs(), burstSecondsOf(of));
    const newLane = (): Set<Waiter> => new Set();
    const lanes = { narrowing: newLane(), change: newLane(), bulk: newLane(), routine: newLane() };
    const queue = { of, bucket, lanes, timer: undefined, granted: 0 };
    this.#queues.set(key, queue);
    return queue;
  }

  #wait(queue: CallQueue, urgency: Urgency, maxWaitMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const lane = queue.lanes[urgency];
      const end = (): void => {
        lane.delete(waiter);
        timeout.cancel();
        signal.removeEventListener("abort", onAbort);
        if (next(queue) === undefined) disarm(queue);
      };
      const waiter: Waiter = {
        sinceMs: this.#clock.monotonicMs(),
        grant: () => {
          end();
          resolve(true);
        },
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      const timeout = this.#clock.schedule(maxWaitMs, () => {
        end();
        resolve(false);
      });
      signal.addEventListener("abort", onAbort, { once: true });
      lane.add(waiter);
      this.#arm(queue);
    });
  }

  #arm(queue: CallQueue): void {
    if (queue.timer !== undefined || next(queue) === undefined) return;
    queue.timer = this.#clock.schedule(queue.bucket.waitMs(this.#clock.monotonicMs()), () => {
      queue.timer = undefined;
      this.#grant(queue);
    });
  }

  #grant(queue: CallQueue): void {
    for (let waiter = next(queue); waiter !== undefined; waiter = next(queue)) {
      if (!queue.bucket.take(this.#clock.monotonicMs())) break;
      queue.granted += 1;
      waiter.grant();
    }
    this.#arm(queue);
  }
}

function ratesOf(service: string, rates: AwsRates): CallRates {
  if (service === "EC2") return rates.ec2 ?? DEFAULT_EC2_RATES;
  return service === "STS" ? (rates.sts ?? STS_RATES) : rates;
}

function disarm(queue: CallQueue): void {
  queue.timer?.cancel();
  queue.timer = undefined;
}

function next({ lanes, granted }: CallQueue): Waiter | undefined {
  const first = URGENCIES.flatMap((urgency) => lanes[urgency].values().next().value ?? []);
  if ((granted + 1) % GRANTS_PER_OLDEST !== 0) return first[0];
  return first.reduce<Waiter | undefined>(
    (oldest, waiter) => (oldest === undefined || waiter.sinceMs < oldest.sinceMs ? waiter : oldest),
    undefined,
  );
}

function waitingIn(lanes: CallQueue["lanes"], urgencies: readonly Urgency[]): number {
  return urgencies.reduce((sum, urgency) => sum + lanes[urgency].size, 0);
}
