import { BURST_SECONDS } from "./adaptive-bucket.ts";

/** Maximum request rates. */
export interface CallRates {
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
}

/**
 * EC2 has a bucket for each action in each region of an account, with documented refill rates: 20 per second for paginated
 * reads, 5 for associations, 10 for tags. AWS raises them on request:
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export const DEFAULT_EC2_RATES: CallRates = { readsPerSecond: 20, writesPerSecond: 5 };

/** Half of the 100 tokens of EC2's association buckets; the rest is for other clients in the account. */
const WRITE_BURST_SECONDS = 10;

/** Returns the key of the EC2 limit that a call counts against. */
export function ec2Limit(region: string, operation: string): string {
  return `${region} ${operation}`;
}

/** Returns the bucket capacity for such calls, in seconds of the rate. */
export function burstSecondsOf(call: { readonly service: string; readonly kind: "read" | "write" }): number {
  return call.service === "EC2" && call.kind === "write" ? WRITE_BURST_SECONDS : BURST_SECONDS;
}
