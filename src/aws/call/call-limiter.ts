import type { Urgency } from "../../engine/ports.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { AdaptiveBucket } from "./adaptive-bucket.ts";
import { burstSecondsOf, type CallRates, DEFAULT_EC2_RATES } from "./ec2-limits.ts";

/** The most that an account is asked per second, of each service; of EC2, by its action and region. */
export interface AwsRates extends CallRates {
  /** Unset: as AWS publishes them. */
  readonly ec2?: CallRates;
}

/**
 * AWS publishes no rates for IAM, gives each account one set of them, and raises none of them:
 * https://repost.aws/knowledge-center/iam-sts-throttling-error. People report trouble from 5 to 20 per second.
 */
export const DEFAULT_AWS_RATES: AwsRates = { readsPerSecond: 10, writesPerSecond: 5 };

/** The same rate for everything, for an AWS that nobody else uses. */
export function evenRates(perSecond: number): AwsRates {
  const rates = { readsPerSecond: perSecond, writesPerSecond: perSecond };
  return { ...rates, ec2: rates };
}

/** Whether a call changes AWS; the two have limits of their own. */
export type CallKind = "read" | "write";

/** What calls have in common that share a limit. */
export interface CallClass {
  /** As in `AwsServiceName`. */
  readonly service: string;
  readonly kind: CallKind;
  /** Which of its limits, where the service has several of a kind; in log and metrics they are one. */
  readonly limit?: string | undefined;
}

/** One call's turn, and how long it took to come. */
export interface TurnReport extends CallClass {
  readonly urgency: Urgency;
  readonly waitedMs: number;
}

/** How the calls of one service and kind fare. */
export interface LimiterState {
  readonly service: string;
  readonly kind: CallKind;
  readonly waiting: number;
  readonly perSecond: number;
}

interface Waiter {
  readonly grant: () => void;
}

/** Calls that wait for one bucket, in lanes; a Set keeps the order of arrival and gives up any one in constant time. */
interface Line {
  readonly bucket: AdaptiveBucket;
  readonly lanes: Readonly<Record<Urgency, Set<Waiter>>>;
  timer: Timer | undefined;
}

/**
 * The one limit of calls to an AWS account, shared by everything that calls it: passes of all workers, scans, deletions.
 *
 * Guarantees: no more than the configured rates, and less for as long as AWS throttles; of the calls that wait, urgent ones
 * go first, and within one urgency the first that came; a wait ends at once when its signal aborts.
 */
export class CallLimiter {
  readonly #clock: Clock;
  readonly #rates: AwsRates;
  readonly #lines = new Map<string, Line & { readonly of: CallClass }>();

  constructor(clock: Clock, rates: AwsRates) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Of every service and kind that was ever called: calls that wait, and calls per second at present by its slowest limit. */
  state(): readonly LimiterState[] {
    const nowMs = this.#clock.monotonicMs();
    const byKind = Map.groupBy(this.#lines.values(), ({ of }) => `${of.service} ${of.kind}`);
    return [...byKind.values()].flatMap((lines) => {
      const [first] = lines;
      if (first === undefined) return [];
      const waiting = lines.reduce((sum, { lanes }) => sum + lanes.change.size + lanes.routine.size, 0);
      const perSecond = Math.min(...lines.map(({ bucket }) => bucket.perSecond(nowMs)));
      return [{ service: first.of.service, kind: first.of.kind, waiting, perSecond }];
    });
  }

  /**
   * Waits for a call's turn; false when it has not come within `patienceMs`.
   *
   * Errors: the signal's reason when it aborts.
   */
  async turn(of: CallClass, urgency: Urgency, patienceMs: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const line = this.#lineOf(of);
    const isFirst = line.lanes.change.size === 0 && (urgency === "change" || line.lanes.routine.size === 0);
    if (isFirst && line.bucket.take(this.#clock.monotonicMs())) return true;
    if (patienceMs <= 0) return false;
    return this.#wait(line, urgency, patienceMs, signal);
  }

  /** AWS throttled a call that was sent at `sentAtMs`, and may have asked for a pause. */
  throttled(of: CallClass, sentAtMs: number, retryAfterMs: number | undefined): void {
    this.#lineOf(of).bucket.slowDown(sentAtMs, this.#clock.monotonicMs(), retryAfterMs);
  }

  #lineOf(of: CallClass): Line {
    const key = `${of.service} ${of.kind} ${of.limit ?? ""}`;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const rates = of.service === "EC2" ? (this.#rates.ec2 ?? DEFAULT_EC2_RATES) : this.#rates;
    const perSecond = of.kind === "read" ? rates.readsPerSecond : rates.writesPerSecond;
    const bucket = new AdaptiveBucket(perSecond, this.#clock.monotonicMs(), burstSecondsOf(of));
    const line = { of, bucket, lanes: { change: new Set<Waiter>(), routine: new Set<Waiter>() }, timer: undefined };
    this.#lines.set(key, line);
    return line;
  }

  #wait(line: Line, urgency: Urgency, patienceMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const lane = line.lanes[urgency];
      const end = (): void => {
        lane.delete(waiter);
        patience.cancel();
        signal.removeEventListener("abort", onAbort);
        if (next(line) === undefined) disarm(line);
      };
      const waiter: Waiter = {
        grant: () => {
          end();
          resolve(true);
        },
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      const patience = this.#clock.schedule(patienceMs, () => {
        end();
        resolve(false);
      });
      signal.addEventListener("abort", onAbort, { once: true });
      lane.add(waiter);
      this.#arm(line);
    });
  }

  #arm(line: Line): void {
    if (line.timer !== undefined || next(line) === undefined) return;
    line.timer = this.#clock.schedule(line.bucket.waitMs(this.#clock.monotonicMs()), () => {
      line.timer = undefined;
      this.#grant(line);
    });
  }

  #grant(line: Line): void {
    for (let waiter = next(line); waiter !== undefined; waiter = next(line)) {
      if (!line.bucket.take(this.#clock.monotonicMs())) break;
      waiter.grant();
    }
    this.#arm(line);
  }
}

function disarm(line: Line): void {
  line.timer?.cancel();
  line.timer = undefined;
}

function next({ lanes }: Line): Waiter | undefined {
  return lanes.change.values().next().value ?? lanes.routine.values().next().value;
}
