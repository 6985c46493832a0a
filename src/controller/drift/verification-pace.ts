import type { Clock } from "../../runtime/clock.ts";
import { TokenBucket } from "../../runtime/queue/token-bucket.ts";

/** Of one account: 200 at once, and after these one a second, about half of the reads that the controller sends at its default rate. */
const RATE = { perSecond: 1, burst: 200 };
/** Of more, scans and resyncs read the objects as soon. */
const MAX_WAITING = 300;

/**
 * Limits the verifications of all objects of one account together: a tool that tags every role, or a tenant with many objects, must not
 * put off what users wait for.
 */
export class VerificationPace {
  readonly #bucket: TokenBucket;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#bucket = new TokenBucket(clock, RATE);
  }

  /** Reserves the next slot and returns the time until then, ms; undefined when too many wait. */
  reserveMs(): number | undefined {
    return this.#bucket.waiting > MAX_WAITING - 1 ? undefined : this.#bucket.reserveMs();
  }
}
